/**
 * The shapes of the gateway's API under the names that the client uses: made from its document
 * (`schema.ts`), narrowed where the document says in prose which words a text can be. Times are
 * milliseconds since 1970 UTC, money is integer nano-dollars.
 */
import type { components } from './schema';

type Schemas = components['schemas'];
/** `T` with some fields said more exactly. A field that `T` does not have is an error. */
type With<
  T,
  Exact extends { [Field in keyof Exact]: Field extends keyof T ? unknown : never }
> = Omit<T, keyof Exact> & Exact;

export type Role = 'user' | 'admin' | 'auditor';

export type Permission =
  | 'chat'
  | 'own_keys'
  | 'own_usage'
  | 'all_keys'
  | 'all_usage'
  | 'people'
  | 'settings'
  | 'read_audit';

export type Session = With<
  Schemas['SessionObject'],
  { user: With<Schemas['UserObject'], { role: Role }>; permissions: Permission[] }
>;

/** Whether anybody has an account yet, and whether all of it is a demo. */
export type Beginning = Schemas['Needed'];
export type SetupRequest = Schemas['Setup'];

export type Provider = Schemas['ProviderObject'];
export type Endpoint = Schemas['EndpointObject'];

/** How near the day is on which a key should be replaced. */
export type Stage = 'due_in_14_days' | 'due_in_7_days' | 'due_in_1_day' | 'overdue';

export type KeyVersion = With<
  Schemas['VersionObject'],
  { state: 'active' | 'overlapping' | 'revoked'; stage: Stage | null }
>;
export type Key = With<Schemas['KeyObject'], { versions: KeyVersion[] }>;
/** Which providers there are the gateway says while it runs: any name of its list goes back. */
export type KeyToCheck = With<Schemas['CheckBody'], { provider: string }>;
export type NewKey = With<Schemas['NewKeyBody'], { provider: string }>;
/** `outcome` is `ok`, or the code of the error. */
export type Checked = Schemas['TestedObject'];
export type Reminder = With<Schemas['ReminderObject'], { stage: Stage }>;

export type UsageBy = Schemas['By'];
export type UsageGroup = Schemas['TotalObject'];
export type UsageSum = Omit<UsageGroup, 'group' | 'label'>;
export type Usage = Schemas['UsageObject'];

export type Settings = Schemas['SettingsObject'];
export type Person = With<Schemas['PersonObject'], { role: Role }>;

export type Scope = 'chat' | 'keys' | 'usage' | 'admin' | 'audit';
export type Token = With<Schemas['TokenObject'], { scopes: Scope[] }>;

export type AuditRow = Schemas['RowObject'];
export type AuditCheck = Schemas['VerifiedObject'];

export type Model = Schemas['ModelObject'];

export interface ChatMessage {
  role: 'system' | 'user' | 'assistant';
  content: string;
}

/** Who answered and on whose key. Headers say less of it, and earlier, than the end of an answer. */
export type Receipt = Pick<
  Schemas['Receipt'],
  'provider' | 'model' | 'credential_source' | 'fallback_from' | 'cost_nano_usd'
>;
