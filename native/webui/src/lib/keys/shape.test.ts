import { describe, expect, it } from 'vitest';
import { isUnusual, shapeOf } from './shape';

const OPENAI = 'sk-proj-abcdefghijklmnopqrstuvwxyz';
const ANTHROPIC = 'sk-ant-api03-abcdefghijklmnopqrst';
const GOOGLE = 'AIzaSyabcdefghijklmnopqrstuvwxyz0123456';
const AZURE = '0123456789abcdef0123456789abcdef';

describe('a pasted text', () => {
  it.each([
    ['openai', OPENAI],
    ['anthropic', ANTHROPIC],
    ['google', GOOGLE],
    ['azure', AZURE]
  ])('is a key of %s', (provider, text) => {
    expect(shapeOf(text, provider)).toMatchObject({ secret: text, problem: null, cleaned: false });
  });

  it.each([
    ['spaces around it', `  ${OPENAI}\n`, false],
    ['quotes', `"${OPENAI}"`, true],
    ['typographic quotes', `“${OPENAI}”`, true],
    ['a variable', `export OPENAI_API_KEY="${OPENAI}"`, true],
    ['a header', `Authorization: Bearer ${OPENAI}`, true],
    ['an invisible mark', `\u200b${OPENAI}\u2060`, true],
    ['a comma', `${OPENAI},`, true]
  ])('loses %s', (_, text, cleaned) => {
    expect(shapeOf(text, 'openai')).toMatchObject({ secret: OPENAI, problem: null, cleaned });
  });

  it.each([
    ['empty', '   '],
    ['short', 'sk-abc'],
    ['masked', 'sk-proj-abc...wxyz'],
    ['masked', 'sk-proj-abc••••••••wxyz'],
    ['space', `${OPENAI} ${OPENAI}`],
    ['characters', OPENAI.replace('-', '–')],
    ['address', 'https://platform.openai.com/api-keys'],
    ['email', 'ada@example.org'],
    ['own_token', 'cvg_abcdefghijklmnopqrstuvwxyz'],
    ['organisation', 'org-abcdefghijklmnopqrstuvwx'],
    ['other_provider', ANTHROPIC],
    ['other_provider', GOOGLE]
  ])('is %s', (problem, text) => {
    expect(shapeOf(text, 'openai').problem).toBe(problem);
  });

  it('says whose it looks like', () => {
    expect(shapeOf(ANTHROPIC, 'openai').provider).toBe('anthropic');
  });

  it('may begin unusually and still be a key', () => {
    const shape = shapeOf('qwertyuiopasdfghjklzxcvbnm', 'openai');
    expect([shape.problem, isUnusual(shape, 'openai')]).toEqual([null, true]);
    expect(isUnusual(shapeOf(AZURE, 'azure'), 'azure')).toBe(false);
    expect(isUnusual(shapeOf('sk-abcdefghijklmnopqrst', 'openai'), 'openai')).toBe(false);
    // Others than OpenAI begin their keys like this, too: no reason to refuse it.
    expect(shapeOf('sk-abcdefghijklmnopqrst', 'google').problem).toBeNull();
  });
});
