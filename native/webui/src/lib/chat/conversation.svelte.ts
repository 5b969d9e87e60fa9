/** One conversation as it goes on: asking, streaming, stopping, asking again. */
import type { Api } from '../api/client';
import { ApiFailure } from '../api/failure';
import { answerEvents, receiptFromHeaders } from '../api/stream';
import type { ChatMessage } from '../api/types';
import type { Conversation as Kept, Turn } from './store';

export const AUTO = 'auto';
const TITLE = 60;

/** What keeps conversations; the store, or nothing in a test. */
export interface Keeper {
  put(conversation: Kept, dropped: ReadonlySet<string>): Promise<void>;
}

export class Conversation {
  readonly id: string;
  title = $state('');
  model = $state(AUTO);
  turns = $state<Turn[]>([]);
  /** An answer is on its way. */
  busy = $state(false);
  /** The conversation could not be kept; it goes on all the same. */
  unkept = $state(false);

  readonly #api: Pick<Api, 'chat'>;
  readonly #keeper: Keeper;
  readonly #user: string;
  readonly #dropped = new Set<string>();
  #abort: AbortController | null = null;

  constructor(api: Pick<Api, 'chat'>, keeper: Keeper, user: string, kept?: Kept) {
    this.#api = api;
    this.#keeper = keeper;
    this.#user = user;
    this.id = kept?.id ?? crypto.randomUUID();
    if (kept) {
      this.title = kept.title;
      this.model = kept.model;
      this.turns = kept.turns.map(interrupted);
    }
  }

  /** Asks. Does nothing while an answer is on its way: nothing is sent twice. */
  async send(text: string): Promise<void> {
    const question = text.trim();
    if (this.busy || question === '') return;
    if (this.title === '') this.title = titleOf(question);
    this.turns.push({ id: crypto.randomUUID(), role: 'user', text: question, at: Date.now() });
    await this.#answer();
  }

  /** Asks the last question again, in place of the answer it had. */
  async retry(): Promise<void> {
    if (this.busy || !this.turns.some((turn) => turn.role === 'user')) return;
    for (let last = this.turns.at(-1); last?.role === 'assistant'; last = this.turns.at(-1)) {
      this.#dropped.add(last.id);
      this.turns.pop();
    }
    await this.#answer();
  }

  stop(): void {
    this.#abort?.abort();
  }

  async #answer(): Promise<void> {
    this.busy = true;
    const abort = (this.#abort = new AbortController());
    const messages = messagesOf(this.turns);
    const at = Math.max(Date.now(), (this.turns.at(-1)?.at ?? 0) + 1);
    this.turns.push({ id: crypto.randomUUID(), role: 'assistant', text: '', at });
    // Through the state, so that what changes is seen.
    const turn = this.turns[this.turns.length - 1]!;
    await this.#keep();
    try {
      await this.#stream(turn, messages, abort.signal);
    } catch (thrown) {
      turn.broken = brokenBy(thrown, abort.signal);
    } finally {
      this.busy = false;
      this.#abort = null;
      await this.#keep();
    }
  }

  async #stream(turn: Turn, messages: ChatMessage[], signal: AbortSignal): Promise<void> {
    const response = await this.#api.chat(this.model, messages, signal);
    const receipt = receiptFromHeaders(response.headers);
    if (receipt !== null) turn.receipt = receipt;
    if (response.body === null) throw new ApiFailure('failed', '', 0, 'provider.truncated');
    for await (const event of answerEvents(response.body)) {
      if (event.kind === 'text') turn.text += event.text;
      else if (event.kind === 'receipt') turn.receipt = event.receipt;
      else if (event.reason === 'length') turn.cut = true;
    }
  }

  async #keep(): Promise<void> {
    try {
      const { id, title, model } = this;
      const turns = $state.snapshot(this.turns);
      const kept = { id, user: this.#user, title, model, changed_at: Date.now(), turns };
      await this.#keeper.put(kept, this.#dropped);
      this.unkept = false;
    } catch {
      // A full disk or private browsing: said on the screen, and no reason to lose the answer.
      this.unkept = true;
    }
  }
}

/** A page that is left while an answer is on its way never hears its end. */
function interrupted(turn: Turn): Turn {
  const whole = turn.role === 'user' || turn.text !== '' || turn.broken !== undefined;
  return whole ? turn : { ...turn, broken: { code: 'left', message: '' } };
}

function brokenBy(thrown: unknown, signal: AbortSignal): NonNullable<Turn['broken']> {
  if (signal.aborted) return { code: 'stopped', message: '' };
  const failure = ApiFailure.of(thrown);
  return { code: failure.code ?? failure.kind, message: failure.message };
}

/** What was said, as the model is told it: answers that never began are left out. */
export function messagesOf(turns: readonly Turn[]): ChatMessage[] {
  return turns
    .filter((turn) => turn.text !== '')
    .map((turn) => ({ role: turn.role, content: turn.text }));
}

function titleOf(question: string): string {
  const line = question.split('\n', 1)[0] ?? '';
  return line.length <= TITLE ? line : `${line.slice(0, TITLE - 1).trimEnd()}…`;
}
