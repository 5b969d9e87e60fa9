/**
 * What a pasted text looks like, before it is sent anywhere. Pure. It cleans what copying adds and
 * names what is plainly not a key; whether a key works only the provider can say.
 */

export type ShapeProblem =
  | 'empty'
  | 'short'
  | 'masked' // copied from a page that shows only its ends
  | 'space' // two things, or half a sentence
  | 'characters' // letters no provider uses: an autocorrected dash, an invisible mark
  | 'address' // the address of a page
  | 'email'
  | 'own_token' // a token of this gateway
  | 'organisation' // the id of an organisation or project
  | 'other_provider'; // the key of another provider: `provider` says whose

export interface Shape {
  /** The text without what copying added. */
  secret: string;
  problem: ShapeProblem | null;
  /** Whose key it looks like, when that is plain. */
  provider: string | null;
  /** Something was taken away: quotes, a variable's name, `Bearer`. */
  cleaned: boolean;
}

const SHORTEST = 16;

/** Beginnings that only one provider's keys have. */
const UNMISTAKABLE: readonly (readonly [string, string])[] = [
  ['sk-ant-', 'anthropic'],
  ['sk-proj-', 'openai'],
  ['sk-svcacct-', 'openai'],
  ['AIza', 'google']
];

/** How the keys of a provider usually begin; another beginning is worth a word, no more. */
const USUAL: Readonly<Record<string, string>> = {
  anthropic: 'sk-ant-',
  openai: 'sk-',
  google: 'AIza'
};

export function shapeOf(pasted: string, provider: string): Shape {
  const secret = clean(pasted);
  const whose = UNMISTAKABLE.find(([prefix]) => secret.startsWith(prefix))?.[1] ?? null;
  return {
    secret,
    problem: problemOf(secret, provider, whose),
    provider: whose,
    cleaned: secret !== pasted.trim()
  };
}

/** Takes away a variable's name, a header's name, quotes and what is invisible. */
function clean(pasted: string): string {
  return pasted
    .replace(/[\u200B-\u200D\u2060\uFEFF\u00AD]/g, '')
    .trim()
    .replace(/^(?:export\s+)?[A-Z][A-Z0-9_]*\s*=\s*/, '')
    .replace(/^(?:authorization|x-api-key|api-key|x-goog-api-key)\s*:\s*/i, '')
    .replace(/^bearer\s+/i, '')
    .replace(/^["'`“”‘’«»]+|["'`“”‘’«»;,]+$/g, '')
    .trim();
}

function problemOf(secret: string, provider: string, whose: string | null): ShapeProblem | null {
  if (secret === '') return 'empty';
  if (/^https?:\/\//i.test(secret)) return 'address';
  if (/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(secret)) return 'email';
  if (secret.startsWith('cvg_')) return 'own_token';
  if (/^(?:org|proj)[-_]/.test(secret)) return 'organisation';
  if (/[•*…]|\.{3}/.test(secret)) return 'masked';
  if (/\s/.test(secret)) return 'space';
  if (/[^\x21-\x7e]/.test(secret)) return 'characters';
  if (whose !== null && whose !== provider) return 'other_provider';
  if (secret.length < SHORTEST) return 'short';
  return null;
}

/** The key may be right, but does not begin as that provider's keys do. */
export function isUnusual(shape: Shape, provider: string): boolean {
  return shape.problem === null && !shape.secret.startsWith(USUAL[provider] ?? '');
}
