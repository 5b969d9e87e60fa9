/** What the list of keys says about one key. Pure. */
import type { Key, KeyVersion } from '../api/types';

export type Health = 'revoked' | 'failing' | 'overdue' | 'due' | 'untested' | 'ok';

export function activeVersion(key: Key): KeyVersion | null {
  return key.versions.find((version) => version.state === 'active') ?? null;
}

/** Old versions that the gateway still falls back on. */
export function overlapping(key: Key, now: number): KeyVersion[] {
  return key.versions.filter(
    (version) => version.state === 'overlapping' && (version.overlap_until ?? 0) > now
  );
}

/** The one thing about the key that matters most. */
export function healthOf(key: Key): Health {
  const active = activeVersion(key);
  if (active === null) return 'revoked';
  if (key.test_outcome !== null && key.test_outcome !== 'ok') return 'failing';
  if (active.stage === 'overdue') return 'overdue';
  if (active.stage !== null) return 'due';
  return key.tested_at === null ? 'untested' : 'ok';
}

const URGENCY: readonly Health[] = ['failing', 'overdue', 'due', 'untested', 'ok', 'revoked'];

/** What needs somebody first, then by name. */
export function byUrgency(keys: readonly Key[]): Key[] {
  return [...keys].sort(
    (a, b) =>
      URGENCY.indexOf(healthOf(a)) - URGENCY.indexOf(healthOf(b)) || a.name.localeCompare(b.name)
  );
}
