/**
 * Conversations, kept in this browser only: the gateway keeps what was used, never what was said.
 * Each belongs to the person who had it; another who signs in here does not see it.
 */
import { openDB, type DBSchema, type IDBPDatabase } from 'idb';
import type { Receipt } from '../api/types';

export interface Turn {
  id: string;
  role: 'user' | 'assistant';
  text: string;
  at: number;
  /** Who answered. */
  receipt?: Receipt;
  /** Why there is no whole answer: a code of the gateway, `offline`, `stopped` or `left`. */
  broken?: { code: string; message: string };
  /** The model reached its longest answer. */
  cut?: boolean;
}

export interface Conversation {
  id: string;
  /** The id of the person. */
  user: string;
  title: string;
  model: string;
  changed_at: number;
  turns: Turn[];
}

export type Heading = Pick<Conversation, 'id' | 'title' | 'changed_at'>;

interface Schema extends DBSchema {
  conversations: {
    key: string;
    value: Conversation;
    indexes: { by_user: [string, number] };
  };
}

export class ConversationStore {
  readonly #db: Promise<IDBPDatabase<Schema>>;

  constructor(name = 'convergio') {
    this.#db = openDB<Schema>(name, 1, {
      upgrade(db) {
        db.createObjectStore('conversations', { keyPath: 'id' }).createIndex('by_user', [
          'user',
          'changed_at'
        ]);
      }
    });
  }

  /** The newest first. */
  async list(user: string): Promise<Heading[]> {
    const all = await (await this.#db).getAllFromIndex('conversations', 'by_user', ofUser(user));
    return all.reverse().map(({ id, title, changed_at }) => ({ id, title, changed_at }));
  }

  /** The conversation, when it is there and that person's. */
  async get(user: string, id: string): Promise<Conversation | undefined> {
    const found = await (await this.#db).get('conversations', id);
    return found?.user === user ? found : undefined;
  }

  /** Keeps it, together with what another tab has said in it meanwhile, without what was `dropped`. */
  async put(conversation: Conversation, dropped: ReadonlySet<string>): Promise<void> {
    const work = (await this.#db).transaction('conversations', 'readwrite');
    const before = await work.store.get(conversation.id);
    const theirs = (before?.turns ?? []).filter((turn) => !dropped.has(turn.id));
    const turns = merge(theirs, conversation.turns);
    await work.store.put({ ...conversation, turns });
    await work.done;
  }

  async remove(id: string): Promise<void> {
    await (await this.#db).delete('conversations', id);
  }

  async removeAll(user: string): Promise<void> {
    const work = (await this.#db).transaction('conversations', 'readwrite');
    for await (const cursor of work.store.index('by_user').iterate(ofUser(user))) {
      await cursor.delete();
    }
    await work.done;
  }
}

function ofUser(user: string): IDBKeyRange {
  return IDBKeyRange.bound([user, 0], [user, Number.MAX_SAFE_INTEGER]);
}

/** All turns once, ours where both have one, in the order in which they were said. */
function merge(theirs: readonly Turn[], ours: readonly Turn[]): Turn[] {
  const turns = new Map(theirs.map((turn) => [turn.id, turn]));
  for (const turn of ours) turns.set(turn.id, turn);
  return [...turns.values()].sort((a, b) => a.at - b.at);
}
