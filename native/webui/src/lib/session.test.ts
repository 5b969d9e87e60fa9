import { beforeEach, describe, expect, it, vi } from 'vitest';
import { failed, fakeFetch, json, signed } from '../testing/api';
import { nextAddress } from './next';
import { Session } from './session.svelte';
import { isOpen, placesFor } from './shell/nav';
import { Tabs } from './tabs';

function session(answers: Parameters<typeof fakeFetch>[0]) {
  const { fetcher, asked } = fakeFetch(answers);
  const tabs = new Tabs();
  const tell = vi.spyOn(tabs, 'tell');
  return { it: new Session(fetcher, tabs), asked, tell };
}

beforeEach(() => localStorage.clear());

describe('a session', () => {
  it('asks nobody where nobody signed in', async () => {
    const { it: one, asked } = session({});
    await one.restore();
    expect([one.state, asked.length]).toEqual(['anonymous', 0]);
  });

  it('begins, tells the other tabs, and comes back after a reload', async () => {
    const { it: one, tell } = session({ 'POST /api/v1/session': json(signed) });
    await one.signIn('a', 'b');
    expect([one.state, one.may('chat'), one.may('people')]).toEqual(['signed_in', true, false]);
    expect(tell).toHaveBeenCalledWith('session');
    const { it: later } = session({ 'GET /api/v1/session': json(signed) });
    await later.restore();
    expect(later.signed?.user.email).toBe('ada@example.org');
  });

  it('that ended is expired, and the next page asks nobody', async () => {
    localStorage.setItem('convergio.signed_in', '1');
    const { it: one } = session({ 'GET /api/v1/session': failed(401, 'auth.invalid') });
    await one.restore();
    expect(one.state).toBe('expired');
    expect(localStorage.getItem('convergio.signed_in')).toBeNull();
  });

  it('is not over because the gateway cannot be reached', async () => {
    localStorage.setItem('convergio.signed_in', '1');
    const { it: one } = session({ 'GET /api/v1/session': new TypeError('offline') });
    await one.restore();
    expect([one.state, one.failure?.kind]).toEqual(['unreachable', 'offline']);
    expect(localStorage.getItem('convergio.signed_in')).toBe('1');
  });

  it('goes on when signing out fails', async () => {
    const { it: one } = session({
      'POST /api/v1/session': json(signed),
      'DELETE /api/v1/session': failed(500, 'internal')
    });
    await one.signIn('a', 'b');
    await expect(one.signOut()).rejects.toThrow();
    expect(one.state).toBe('signed_in');
  });

  it('keeps no secret in the browser', async () => {
    const { it: one } = session({ 'POST /api/v1/session': json(signed) });
    await one.signIn('ada@example.org', 'the password');
    const kept = JSON.stringify([{ ...localStorage }, { ...sessionStorage }]);
    for (const secret of ['the password', signed.csrf, 'ada@example.org']) {
      expect(kept).not.toContain(secret);
    }
  });
});

describe('the address to go on with', () => {
  it.each([
    [null, '/'],
    ['/keys?x=1#y', '/keys?x=1#y'],
    ['//evil.example/', '/'],
    ['https://evil.example/', '/'],
    ['/\\evil.example', '/'],
    ['javascript:alert(1)', '/'],
    ['keys', '/']
  ])('%s leads to %s', (wanted, address) => {
    expect(nextAddress(wanted, 'https://here.example', '/')).toBe(address);
  });
});

describe('the places', () => {
  it('are those one may go to', () => {
    expect(placesFor(['read_audit', 'own_usage']).map((place) => place.href)).toEqual([
      '/usage',
      '/audit'
    ]);
  });

  it('are open with what is below them', () => {
    expect([isOpen('/keys', '/keys/new'), isOpen('/keys', '/keysmith')]).toEqual([true, false]);
    expect([isOpen('/', '/'), isOpen('/', '/keys')]).toEqual([true, false]);
  });
});
