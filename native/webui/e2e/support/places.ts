/** A place that has been in use for a while, and one with more in it than fits on a screen. */
import type { Key } from '../../src/lib/api/types';
import { OPENAI_KEY } from './base';
import { type Gateway, keyOf, limit } from './double';

const DAY = 86_400_000;

export function lived(gateway: Gateway, now = Date.now()): void {
  gateway.used = true;
  gateway.keys = [
    keyOf('openai', 'Biology class', OPENAI_KEY, now, 12),
    keyOf('anthropic', 'Staff room', 'sk-ant-api03-aaaabbbbccccddddqrst', now, 80),
    keyOf('google', 'Old project', 'AIzaSyaaaabbbbccccddddeeeeffffgggghhhh', now, 40)
  ];
  const [first, second, third] = gateway.keys;
  if (first) first.usage_30d = { requests: 1320, cost_nano_usd: 2_431_000_000 };
  if (second) {
    second.usage_30d = { requests: 212, cost_nano_usd: 640_000_000 };
    second.month.cost_nano_usd = 430_000_000;
    limit(second, 500_000_000);
  }
  if (third) third.test_outcome = 'auth.invalid';
  gateway.tokens = [
    {
      id: 'token-1',
      name: 'Library notebook',
      scopes: ['chat'],
      created_at: now - 9 * DAY,
      expires_at: null,
      last_used_at: now - 3 * 3_600_000,
      revoked_at: null
    }
  ];
  gateway.people = [
    person('user-1', 'ada@scuola.example', 'admin', now),
    person('user-2', 'enrico@scuola.example', 'user', now),
    { ...person('user-3', 'maria@scuola.example', 'auditor', now), disabled_at: now }
  ];
  gateway.auditRows = [
    audit(3, 'query', now, { model: 'openai/gpt-5-mini', tokens: 2153, cost_nano_usd: 412_000 }),
    audit(2, 'key_change', now, { action: 'add' }),
    audit(1, 'login', now, { ip: '192.0.2.7', device: 'Firefox', success: true })
  ];
}

/** That many keys, all of one provider. */
export const keysInUse = (count: number): Key[] =>
  Array.from({ length: count }, (_, n) =>
    keyOf('openai', `Class ${n}`, `${OPENAI_KEY}${n}`, Date.now(), n)
  );

const person = (id: string, email: string, role: 'user' | 'admin' | 'auditor', now: number) => ({
  id,
  email,
  role,
  created_at: now - 40 * DAY,
  disabled_at: null
});

const audit = (seq: number, kind: string, now: number, fields: Record<string, unknown>) => ({
  seq,
  kind,
  at: now - (4 - seq) * 3_600_000,
  request_id: '0193',
  user: 'user-1',
  ...fields
});
