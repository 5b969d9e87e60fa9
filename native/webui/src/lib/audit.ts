/** How a row of the audit log is told on one line. Pure. */
import type { AuditRow } from './api/types';
import { money } from './format';
import { m } from './paraglide/messages';

/** Fields by the names that people give them. */
const NAMES: Record<string, () => string> = {
  model: m.model,
  tokens: m.audit_tokens,
  cost_nano_usd: m.cost,
  ip: m.audit_from,
  device: m.audit_device,
  success: m.audit_outcome,
  action: m.audit_action,
  target: m.audit_target
};

/** Fields that have a column of their own. */
const OWN = new Set(['seq', 'kind', 'at', 'user', 'request_id']);

/** What is particular about the row: its other fields, those that say something. */
export function detailsOf(row: AuditRow): [field: string, value: string][] {
  return Object.entries(row)
    .filter(([field, value]) => !OWN.has(field) && value !== null && value !== '')
    .map(([field, value]) => [NAMES[field]?.() ?? field, words(field, value)]);
}

function words(field: string, value: unknown): string {
  if (field === 'cost_nano_usd') return money(Number(value));
  if (field === 'success') return value === true ? m.audit_success() : m.audit_refused();
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
