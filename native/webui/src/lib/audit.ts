/** How a row of the audit log is told on one line. Pure. */
import type { AuditRow } from './api/types';

/** Fields that have a column of their own. */
const OWN = new Set(['seq', 'kind', 'at', 'user', 'request_id']);

/** What is particular about the row: its other fields, those that say something. */
export function detailsOf(row: AuditRow): [field: string, value: string][] {
  return Object.entries(row)
    .filter(([field, value]) => !OWN.has(field) && value !== null && value !== '')
    .map(([field, value]) => [
      field,
      typeof value === 'object' ? JSON.stringify(value) : String(value)
    ]);
}
