import { describe, expect, it } from 'vitest';
import { ApiFailure } from './failure';
import { answerEvents, receiptFromHeaders, type AnswerEvent } from './stream';

function body(...pieces: string[]) {
  const bytes = new TextEncoder();
  return new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      for (const piece of pieces) controller.enqueue(bytes.encode(piece));
      controller.close();
    }
  });
}

async function read(stream: ReadableStream<Uint8Array<ArrayBuffer>>) {
  const events: AnswerEvent[] = [];
  let failure: ApiFailure | null = null;
  try {
    for await (const event of answerEvents(stream)) events.push(event);
  } catch (thrown) {
    failure = thrown as ApiFailure;
  }
  const text = events.map((event) => (event.kind === 'text' ? event.text : '')).join('');
  return { events, text, failure };
}

const word = (text: string) =>
  `data: ${JSON.stringify({ choices: [{ delta: { content: text } }] })}\n\n`;
const DONE = 'data: [DONE]\n\n';

describe('a streamed answer', () => {
  it('is its words, however the bytes are cut', async () => {
    const whole = new TextEncoder().encode(word('perché ') + word('no?') + DONE);
    const pieces = Array.from(whole, (byte) => Uint8Array.of(byte));
    const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
      start(controller) {
        for (const piece of pieces) controller.enqueue(piece);
        controller.close();
      }
    });
    expect(await read(stream)).toMatchObject({ text: 'perché no?', failure: null });
  });

  it('brings its receipt and why it ended', async () => {
    const receipt = {
      provider: 'openai',
      model: 'gpt',
      credential_source: 'user',
      cost_nano_usd: 7
    };
    const { events } = await read(
      body(
        `data: ${JSON.stringify({ choices: [{ delta: {}, finish_reason: 'length' }] })}\n\n`,
        `data: ${JSON.stringify({ choices: [], convergio: receipt })}\n\n`,
        DONE
      )
    );
    expect(events).toEqual([
      { kind: 'finish', reason: 'length' },
      { kind: 'receipt', receipt }
    ]);
  });

  it('is not whole without its terminator', async () => {
    const { text, failure } = await read(body(word('half')));
    expect(text).toBe('half');
    expect(failure?.code).toBe('provider.truncated');
  });

  it('ends with the error that the gateway sends in it', async () => {
    const error = { error: { message: 'gone', code: 'provider.unavailable' } };
    const { failure } = await read(body(word('a'), `data: ${JSON.stringify(error)}\n\n`, DONE));
    expect([failure?.code, failure?.message]).toEqual(['provider.unavailable', 'gone']);
  });

  it('is broken by what is no JSON', async () => {
    expect((await read(body('data: {oops\n\n', DONE))).failure?.code).toBe('provider.truncated');
  });

  it('ignores comments and empty chunks', async () => {
    const { text, failure } = await read(
      body(': ping\n\n', 'data: {"choices":[]}\n\n', word('x'), DONE)
    );
    expect([text, failure]).toEqual(['x', null]);
  });

  it('cancels the stream when nobody listens any more', async () => {
    let cancelled = false;
    const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
      start: (controller) => controller.enqueue(new TextEncoder().encode(word('a'))),
      cancel: () => void (cancelled = true)
    });
    for await (const event of answerEvents(stream)) if (event.kind === 'text') break;
    expect(cancelled).toBe(true);
  });
});

describe('the headers of an answer', () => {
  it('say who answers before the first word', () => {
    const headers = new Headers({
      'x-convergio-provider': 'azure',
      'x-convergio-model': 'gpt-4o',
      'x-convergio-credential-source': 'house',
      'x-convergio-fallback-from': 'gpt-5'
    });
    expect(receiptFromHeaders(headers)).toEqual({
      provider: 'azure',
      model: 'gpt-4o',
      credential_source: 'house',
      fallback_from: 'gpt-5'
    });
  });

  it('may say nothing', () => {
    expect(receiptFromHeaders(new Headers())).toBeNull();
  });
});
