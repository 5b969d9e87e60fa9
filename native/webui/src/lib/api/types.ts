/**
 * The shapes of the gateway's API that this client uses: `/api/v1` and what it reads of `/v1`.
 * Times are milliseconds since 1970 UTC, money is integer nano-dollars.
 */

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

export interface Session {
  user: { id: string; email: string; role: Role };
  tenant: { id: string; name: string };
  permissions: Permission[];
  /** Goes along as `x-csrf-token` with all that changes something. */
  csrf: string;
  expires_at: number;
}

export interface SetupRequest {
  token: string;
  tenant: string;
  email: string;
  password: string;
}

export interface Provider {
  name: string;
  title: string;
  /** Each customer has an address of their own: it is asked for with the key. */
  needs_endpoint: boolean;
  fields: string[];
  models: string[];
}

export interface Endpoint {
  endpoint: string;
  api_version?: string | null;
  region?: string | null;
}

export type VersionState = 'active' | 'overlapping' | 'revoked';

/** How near the day is on which a key should be replaced. */
export type Stage = 'due_in_14_days' | 'due_in_7_days' | 'due_in_1_day' | 'overdue';

export interface KeyVersion {
  version: number;
  state: VersionState;
  fingerprint: string;
  last_four: string;
  created_at: number;
  overlap_until: number | null;
  revoked_at: number | null;
  due_at: number | null;
  stage: Stage | null;
}

export interface Key {
  id: string;
  provider: string;
  name: string;
  /** Who added it. */
  user: string;
  endpoint: Endpoint | null;
  created_at: number;
  tested_at: number | null;
  /** `ok`, or the code of the error. */
  test_outcome: string | null;
  versions: KeyVersion[];
  usage_30d: { requests: number; cost_nano_usd: number };
}

export interface KeyToCheck {
  provider: string;
  secret: string;
  endpoint?: Endpoint;
}

export interface NewKey extends KeyToCheck {
  name: string;
}

export interface Checked {
  /** `ok`, or the code of the error. */
  outcome: string;
  message: string | null;
  models: string[];
}

export interface UsageSum {
  requests: number;
  attempts: number;
  input_tokens: number;
  cached_tokens: number;
  output_tokens: number;
  reasoning_tokens: number;
  cost_nano_usd: number;
  /** How many of the attempts are estimates. */
  estimated: number;
}

export type UsageBy = 'key' | 'day' | 'model';

export interface UsageGroup extends UsageSum {
  group: string;
  label: string;
}

export interface Usage {
  by: UsageBy;
  from: number;
  to: number;
  data: UsageGroup[];
  total: UsageSum;
}

export interface Settings {
  keys_max_age_days: number | null;
  requests_per_minute: number | null;
}

export interface Reminder {
  key: string;
  name: string;
  provider: string;
  version: number;
  stage: Stage;
  due_at: number;
}

export interface Person {
  id: string;
  email: string;
  role: Role;
  created_at: number;
  disabled_at: number | null;
}

export type Scope = 'chat' | 'keys' | 'usage' | 'admin' | 'audit';

export interface Token {
  id: string;
  name: string;
  scopes: Scope[];
  created_at: number;
  expires_at: number | null;
  last_used_at: number | null;
  revoked_at: number | null;
}

export interface AuditRow {
  seq: number;
  kind: string;
  at: number;
  request_id: string | null;
  user: string | null;
  [field: string]: unknown;
}

export interface AuditCheck {
  ok: boolean;
  rows: number;
  head: string | null;
  broken: { row: number; fault: string } | null;
}

export interface Model {
  id: string;
  owned_by: string;
  /** What routing knows about it; absent for `auto`. */
  convergio?: { provider: string; serves?: string };
}

export interface ChatMessage {
  role: 'system' | 'user' | 'assistant';
  content: string;
}

/** Who answered, on whose key, and what it cost. */
export interface Receipt {
  provider: string;
  model: string;
  credential_source: string;
  fallback_from?: string;
  route?: { reason: string };
  usage?: { input_tokens?: number; output_tokens?: number; estimated?: boolean };
  /** Absent until the answer is over. */
  cost_nano_usd?: number;
}
