import 'fake-indexeddb/auto';
import { describe, expect, it } from 'vitest';
import { ConversationStore, type Conversation, type Turn } from './store';

let n = 0;
const store = () => new ConversationStore(`test-${n++}`);
const turn = (id: string, at: number, text = id): Turn => ({ id, role: 'user', text, at });
const conversation = (change: Partial<Conversation> = {}): Conversation => ({
  id: 'c1',
  user: 'u1',
  title: 'One',
  model: 'auto',
  changed_at: 1,
  turns: [turn('a', 1)],
  ...change
});
const nothing = new Set<string>();

describe('kept conversations', () => {
  it('come back, the newest first', async () => {
    const it = store();
    await it.put(conversation({ id: 'old', changed_at: 1 }), nothing);
    await it.put(conversation({ id: 'new', changed_at: 2 }), nothing);
    expect((await it.list('u1')).map((one) => one.id)).toEqual(['new', 'old']);
  });

  it('are nobody else’s', async () => {
    const it = store();
    await it.put(conversation(), nothing);
    expect(await it.list('u2')).toEqual([]);
    expect(await it.get('u2', 'c1')).toBeUndefined();
    await it.removeAll('u2');
    expect(await it.get('u1', 'c1')).toBeDefined();
  });

  it('lose nothing when two tabs go on with one', async () => {
    const it = store();
    await it.put(conversation({ turns: [turn('a', 1), turn('theirs', 3)] }), nothing);
    await it.put(conversation({ turns: [turn('a', 1, 'newer'), turn('ours', 2)] }), nothing);
    const kept = await it.get('u1', 'c1');
    expect(kept?.turns.map((one) => one.text)).toEqual(['newer', 'ours', 'theirs']);
  });

  it('drop what was replaced', async () => {
    const it = store();
    await it.put(conversation({ turns: [turn('a', 1), turn('b', 2)] }), nothing);
    await it.put(conversation(), new Set(['b']));
    expect((await it.get('u1', 'c1'))?.turns.map((one) => one.id)).toEqual(['a']);
  });

  it('go when they are removed', async () => {
    const it = store();
    await it.put(conversation(), nothing);
    await it.remove('c1');
    expect(await it.list('u1')).toEqual([]);
  });
});
