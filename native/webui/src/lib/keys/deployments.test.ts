import { expect, test } from 'vitest';
import { deploymentsOf } from './deployments';

test.each([
  ['', {}, null],
  ['gpt-4o = school-4o', { 'gpt-4o': 'school-4o' }, null],
  ['\n gpt-4o: big \n\n gpt-4o-mini=small\n', { 'gpt-4o': 'big', 'gpt-4o-mini': 'small' }, null],
  ['gpt-4o = a\nschool 4o\ngpt-5 = b', { 'gpt-4o': 'a' }, 'school 4o'],
  ['= school', {}, '= school'],
  ['gpt-4o =', {}, 'gpt-4o ='],
  ['gpt-4o = a = b', {}, 'gpt-4o = a = b']
])('%j names %j, and %j is wrong', (text, named, wrong) => {
  expect(deploymentsOf(text)).toEqual({ named, wrong });
});
