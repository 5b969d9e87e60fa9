import { render, screen } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { createRawSnippet, flushSync } from 'svelte';
import { describe, expect, it, vi } from 'vitest';
import { ApiFailure } from '../api/failure';
import { Resource } from '../resource.svelte';
import Load from './Load.svelte';

const content = createRawSnippet((value: () => unknown) => ({
  render: () => `<p>there: ${String(value())}</p>`
}));
const show = (resource: Resource<unknown>) => render(Load, { of: resource, children: content });

describe('what is fetched', () => {
  it('is said to be on its way, then shown', async () => {
    let answer: (value: string) => void = () => {};
    const resource = new Resource(() => new Promise<string>((done) => (answer = done)));
    const loaded = resource.load();
    show(resource);
    expect(screen.getByRole('status')).toHaveTextContent('Loading');
    answer('x');
    await loaded;
    flushSync();
    expect(screen.getByText('there: x')).toBeInTheDocument();
  });

  it.each([
    ['forbidden', 'This is not open to you', false],
    ['offline', 'Convergio cannot be reached', true],
    ['failed', 'Something went wrong', true]
  ] as const)('when it is %s says so', async (kind, title, retry) => {
    const resource = new Resource<string>(() => Promise.reject(new ApiFailure(kind, '', 0)));
    await resource.load();
    show(resource);
    expect(screen.getByRole('heading')).toHaveTextContent(title);
    expect(screen.queryByRole('button', { name: 'Try again' }) !== null).toBe(retry);
  });

  it('that fails later stays on the screen, and can be asked for again', async () => {
    const get = vi
      .fn<() => Promise<string>>()
      .mockResolvedValueOnce('old')
      .mockRejectedValueOnce(new ApiFailure('offline', '', 0))
      .mockResolvedValueOnce('new');
    const resource = new Resource(get);
    await resource.load();
    await resource.load();
    show(resource);
    expect(screen.getByText('there: old')).toBeInTheDocument();
    expect(screen.getByText('What you see may be out of date')).toBeInTheDocument();
    await userEvent.click(screen.getByRole('button', { name: 'Try again' }));
    expect(screen.queryByText('What you see may be out of date')).toBeNull();
  });

  it('asked for twice is what was asked for last', async () => {
    const answers: ((value: string) => void)[] = [];
    const resource = new Resource(() => new Promise<string>((done) => answers.push(done)));
    const first = resource.load();
    const second = resource.load();
    answers[1]?.('second');
    await second;
    answers[0]?.('first');
    await first;
    expect(resource.value).toBe('second');
  });
});
