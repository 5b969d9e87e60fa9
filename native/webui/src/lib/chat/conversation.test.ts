import { describe, expect, it, vi } from 'vitest';
import { ApiFailure } from '../api/failure';
import { Conversation, messagesOf } from './conversation.svelte';

const encoder = new TextEncoder();
const line = (data: unknown) =>
  encoder.encode(`data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`);
const word = (text: string) => line({ choices: [{ delta: { content: text } }] });
const receipt = { provider: 'openai', model: 'gpt-5', credential_source: 'user', cost_nano_usd: 9 };

function answer(...pieces: Uint8Array<ArrayBuffer>[]): Response {
  return new Response(
    new ReadableStream({
      start(controller) {
        for (const piece of pieces) controller.enqueue(piece);
        controller.close();
      }
    }),
    { headers: { 'x-convergio-provider': 'openai', 'x-convergio-model': 'gpt-5' } }
  );
}
const whole = (text: string) =>
  answer(word(text), line({ choices: [], convergio: receipt }), line('[DONE]'));

function conversation(chat: ReturnType<typeof vi.fn>) {
  const keeper = { put: vi.fn(async () => {}) };
  return { it: new Conversation({ chat } as never, keeper, 'u1'), keeper };
}

describe('a conversation', () => {
  it('asks with all that was said and keeps who answered', async () => {
    const chat = vi.fn().mockResolvedValueOnce(whole('Hi')).mockResolvedValueOnce(whole('Well'));
    const { it: one, keeper } = conversation(chat);
    await one.send(' Hello ');
    await one.send('How are you?');
    expect(chat.mock.calls[1]?.[1]).toEqual([
      { role: 'user', content: 'Hello' },
      { role: 'assistant', content: 'Hi' },
      { role: 'user', content: 'How are you?' }
    ]);
    expect(one.turns.at(-1)).toMatchObject({ text: 'Well', receipt });
    expect(one.title).toBe('Hello');
    expect(keeper.put).toHaveBeenCalled();
  });

  it('asks once while an answer is on its way', async () => {
    const chat = vi.fn().mockReturnValue(new Promise(() => {}));
    const { it: one } = conversation(chat);
    void one.send('a');
    await one.send('b');
    await vi.waitFor(() => expect(chat).toHaveBeenCalledOnce());
    expect(one.turns.filter((turn) => turn.role === 'user')).toHaveLength(1);
  });

  it('keeps what came before an answer broke off, and says that it did', async () => {
    const { it: one } = conversation(vi.fn().mockResolvedValue(answer(word('half'))));
    await one.send('a');
    expect(one.turns.at(-1)).toMatchObject({
      text: 'half',
      broken: { code: 'provider.truncated' }
    });
  });

  it('stops when it is told to', async () => {
    const chat = vi.fn(
      (_model: string, _messages: unknown, signal: AbortSignal) =>
        new Promise<Response>((_, reject) =>
          signal.addEventListener('abort', () => reject(new DOMException('', 'AbortError')))
        )
    );
    const { it: one } = conversation(chat as never);
    const asked = one.send('a');
    await vi.waitFor(() => expect(chat).toHaveBeenCalled());
    one.stop();
    await asked;
    expect(one.turns.at(-1)?.broken?.code).toBe('stopped');
    expect(one.busy).toBe(false);
  });

  it('asks again in place of the answer it had', async () => {
    const chat = vi
      .fn()
      .mockRejectedValueOnce(new ApiFailure('failed', 'no', 401, 'byok.missing_key'))
      .mockResolvedValueOnce(whole('now'));
    const { it: one, keeper } = conversation(chat);
    await one.send('a');
    const first = one.turns.at(-1);
    expect(first?.broken?.code).toBe('byok.missing_key');
    const gone = first?.id;
    await one.retry();
    expect(one.turns.map((turn) => turn.text)).toEqual(['a', 'now']);
    const dropped = (keeper.put.mock.calls.at(-1) as unknown[])[1] as ReadonlySet<string>;
    expect(dropped.has(gone ?? '')).toBe(true);
  });

  it('goes on when the browser keeps nothing, and says so', async () => {
    const { it: one, keeper } = conversation(vi.fn().mockResolvedValue(whole('Hi')));
    keeper.put.mockRejectedValue(new Error('quota'));
    await one.send('a');
    expect(one.turns.at(-1)?.text).toBe('Hi');
    expect(one.unkept).toBe(true);
  });

  it('does not tell the model of answers that never began', () => {
    const turns = [
      { id: '1', role: 'user' as const, text: 'a', at: 1 },
      { id: '2', role: 'assistant' as const, text: '', at: 2 }
    ];
    expect(messagesOf(turns)).toEqual([{ role: 'user', content: 'a' }]);
  });
});
