/** A streamed answer, event by event. No I/O of its own: it reads what it is given. */
import { EventSourceParserStream } from 'eventsource-parser/stream';
import { ApiFailure } from './failure';
import type { Receipt } from './types';

export type AnswerEvent =
  | { kind: 'text'; text: string }
  /** Why the model stopped: `stop`, `length`, … */
  | { kind: 'finish'; reason: string }
  | { kind: 'receipt'; receipt: Receipt };

interface Chunk {
  choices?: { delta?: { content?: string | null }; finish_reason?: string | null }[];
  convergio?: Receipt;
  error?: unknown;
}

/**
 * Reads an OpenAI event stream to its terminator. Throws an `ApiFailure` for an error event, and
 * with the code `provider.truncated` when the stream ends without saying that it is complete: half
 * an answer is never taken for a whole one.
 */
export async function* answerEvents(
  body: ReadableStream<Uint8Array<ArrayBuffer>>
): AsyncGenerator<AnswerEvent> {
  const reader = body
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new EventSourceParserStream())
    .getReader();
  try {
    for (;;) {
      const { done, value } = await read(reader);
      if (done) throw truncated();
      if (value.data === '[DONE]') return;
      yield* eventsOf(parse(value.data));
    }
  } finally {
    // Also when the caller stops listening: the gateway then cancels the provider, too.
    await reader.cancel().catch(() => undefined);
  }
}

async function read<T>(reader: ReadableStreamDefaultReader<T>) {
  try {
    return await reader.read();
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause;
    throw truncated(cause);
  }
}

function parse(data: string): Chunk {
  try {
    return JSON.parse(data) as Chunk;
  } catch (cause) {
    throw truncated(cause);
  }
}

function* eventsOf(chunk: Chunk): Generator<AnswerEvent> {
  if (chunk.error !== undefined) throw ApiFailure.inStream(chunk.error);
  const choice = chunk.choices?.[0];
  if (choice?.delta?.content) yield { kind: 'text', text: choice.delta.content };
  if (choice?.finish_reason) yield { kind: 'finish', reason: choice.finish_reason };
  if (chunk.convergio) yield { kind: 'receipt', receipt: chunk.convergio };
}

function truncated(cause?: unknown): ApiFailure {
  const failure = new ApiFailure('failed', 'the answer broke off', 0, 'provider.truncated');
  failure.cause = cause;
  return failure;
}

/** What the response's headers already say about who answers, before the first word. */
export function receiptFromHeaders(headers: Headers): Receipt | null {
  const provider = headers.get('x-convergio-provider');
  const model = headers.get('x-convergio-model');
  if (provider === null || model === null) return null;
  const fallback = headers.get('x-convergio-fallback-from');
  return {
    provider,
    model,
    credential_source: headers.get('x-convergio-credential-source') ?? 'user',
    ...(fallback === null ? {} : { fallback_from: fallback })
  };
}
