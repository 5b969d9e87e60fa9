/**
 * How far somebody is with adding a key: kept for this tab only, so that Back and reload lose
 * nothing. It never holds the key itself.
 */
import * as v from 'valibot';

export const STEPS = ['provider', 'key', 'models', 'done'] as const;
export type Step = (typeof STEPS)[number];

const Draft = v.object({
  /** Who began it: it is nobody else's. */
  user: v.string(),
  provider: v.nullable(v.string()),
  name: v.string(),
  endpoint: v.string(),
  api_version: v.string(),
  region: v.string(),
  /** As typed: `model = deployment`, one on each line. */
  deployments: v.string(),
  /** The monthly limit, as typed. */
  limit: v.optional(v.string(), ''),
  /** It was sent to be stored, and it is not known what became of it. */
  sent: v.boolean(),
  /** The key that came of it. */
  key: v.nullable(v.string()),
  models: v.array(v.string())
});
export type Draft = v.InferOutput<typeof Draft>;

export const emptyDraft = (user: string): Draft => ({
  user,
  provider: null,
  name: '',
  endpoint: '',
  api_version: '',
  region: '',
  deployments: '',
  limit: '',
  sent: false,
  key: null,
  models: []
});

const PLACE = 'convergio.key_draft';

/** What that person left; an empty draft when there is none, or none that can be read. */
export function loadDraft(storage: Storage, user: string): Draft {
  try {
    const draft = v.parse(Draft, JSON.parse(storage.getItem(PLACE) ?? 'null'));
    return draft.user === user ? draft : emptyDraft(user);
  } catch {
    return emptyDraft(user);
  }
}

export function keepDraft(storage: Storage, draft: Draft): void {
  storage.setItem(PLACE, JSON.stringify(draft));
}

export function forgetDraft(storage: Storage): void {
  storage.removeItem(PLACE);
}

/** The step that a draft supports: an address that asks for more gets the furthest there is. */
export function reachable(draft: Draft, wanted: Step, hasSecret: boolean): Step {
  // What is stored is stored: Back does not lead to storing it again.
  if (draft.key !== null) return 'done';
  if (draft.provider === null || wanted === 'provider') return 'provider';
  // The key itself is not kept: after a reload it has to be pasted again.
  return (wanted === 'models' || wanted === 'done') && hasSecret ? 'models' : 'key';
}

export function isStep(text: string | null): text is Step {
  return STEPS.some((step) => step === text);
}

/** A name nobody in the tenant uses yet: `Anthropic`, `Anthropic 2`, … */
export function freeName(title: string, taken: readonly string[]): string {
  const used = new Set(taken.map((name) => name.toLowerCase()));
  for (let n = 1; ; n++) {
    const name = n === 1 ? title : `${title} ${n}`;
    if (!used.has(name.toLowerCase())) return name;
  }
}
