/** What a token may be given to do, and which permission of its maker each scope stands for. */
import type { Permission, Scope } from './api/types';

/** As the gateway has it in `Scope::of`: any of the permissions makes a scope worth giving. */
export const SCOPE_NEEDS: readonly (readonly [Scope, readonly Permission[]])[] = [
  ['chat', ['chat']],
  ['usage', ['own_usage', 'all_usage']],
  ['keys', ['own_keys', 'all_keys']],
  ['audit', ['read_audit']],
  ['admin', ['people', 'settings']]
];
