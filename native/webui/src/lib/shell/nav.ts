/** The screens there are, and who may open them. */
import type { Permission } from '../api/types';
import { m } from '../paraglide/messages';
import type { IconName } from '../ui/icons';

export interface Place {
  href: string;
  icon: IconName;
  label: () => string;
  /** Any of these opens it. */
  needs: readonly Permission[];
}

export const places: readonly Place[] = [
  { href: '/', icon: 'chat', label: m.nav_chat, needs: ['chat'] },
  { href: '/keys', icon: 'key', label: m.nav_keys, needs: ['own_keys', 'all_keys'] },
  { href: '/usage', icon: 'chart', label: m.nav_usage, needs: ['own_usage', 'all_usage'] },
  { href: '/connect', icon: 'plug', label: m.nav_connect, needs: ['chat'] },
  { href: '/people', icon: 'people', label: m.nav_people, needs: ['people'] },
  { href: '/audit', icon: 'audit', label: m.nav_audit, needs: ['read_audit'] },
  { href: '/settings', icon: 'settings', label: m.nav_settings, needs: ['settings'] }
];

export function placesFor(permissions: readonly Permission[]): Place[] {
  return places.filter((place) => place.needs.some((one) => permissions.includes(one)));
}

/** Is that place, or a page below it, the one that is open? */
export function isOpen(href: string, pathname: string): boolean {
  return href === '/' ? pathname === '/' : pathname === href || pathname.startsWith(`${href}/`);
}
