import { render, screen } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { key, version } from '../../testing/api';
import { ApiFailure } from '../api/failure';
import { freeName, reachable, emptyDraft } from './draft';
import EndDialog from './EndDialog.svelte';
import KeyCard from './KeyCard.svelte';
import RotateDialog from './RotateDialog.svelte';
import { byUrgency, healthOf, overlapping } from './status';

const DAY = 86_400_000;
const SECRET = 'sk-proj-abcdefghijklmnopqrstuvwxyz';

beforeAll(() => {
  // The test's DOM has no modal dialogs.
  HTMLDialogElement.prototype.showModal = function () {
    this.open = true;
  };
  HTMLDialogElement.prototype.close = function () {
    this.open = false;
    this.dispatchEvent(new Event('close'));
  };
});

describe('the health of a key', () => {
  it.each([
    ['ok', key()],
    ['untested', key({ tested_at: null, test_outcome: null })],
    ['failing', key({ test_outcome: 'auth.invalid' })],
    ['due', key({ versions: [version({ stage: 'due_in_7_days' })] })],
    ['overdue', key({ versions: [version({ stage: 'overdue' })] })],
    ['revoked', key({ versions: [version({ state: 'revoked' })] })]
  ] as const)('is %s', (health, one) => {
    expect(healthOf(one)).toBe(health);
  });

  it('sorts: what needs somebody first, then by name', () => {
    const keys = [
      key({ name: 'b' }),
      key({ name: 'z', test_outcome: 'auth.invalid' }),
      key({ name: 'a' })
    ];
    expect(byUrgency(keys).map((one) => one.name)).toEqual(['z', 'a', 'b']);
  });

  it('counts an old version only while it still serves', () => {
    const old = version({ state: 'overlapping', overlap_until: 100 });
    const one = key({ versions: [old, version({ version: 2 })] });
    expect([overlapping(one, 99).length, overlapping(one, 100).length]).toEqual([1, 0]);
  });
});

describe('the steps', () => {
  const draft = { ...emptyDraft('u1'), provider: 'openai' };

  it.each([
    ['models', false, 'key'],
    ['models', true, 'models'],
    ['done', true, 'models'],
    ['provider', true, 'provider']
  ] as const)('an address that asks for %s (key there: %s) gets %s', (wanted, secret, step) => {
    expect(reachable(draft, wanted, secret)).toBe(step);
  });

  it('lead nowhere but on once the key is stored', () => {
    for (const wanted of ['provider', 'key', 'models', 'done'] as const) {
      expect(reachable({ ...draft, key: 'k' }, wanted, true)).toBe('done');
    }
  });

  it('propose a name that is free', () => {
    expect(freeName('OpenAI', ['openai', 'OpenAI 2', 'x'])).toBe('OpenAI 3');
  });
});

describe('the card of a key', () => {
  it('shows what is known of it and never the key', () => {
    render(KeyCard, { key: key({ name: 'Class' }), owner: 'eve@x.org', now: DAY, onact: vi.fn() });
    const card = screen.getByRole('article', { name: 'Class' });
    expect(card).toHaveTextContent('…wxyz');
    expect(card).toHaveTextContent('0123456789abcdef');
    expect(card).toHaveTextContent('eve@x.org');
  });

  it('of a revoked key offers to remove it, not to test it', () => {
    const revoked = key({ versions: [version({ state: 'revoked' })] });
    render(KeyCard, { key: revoked, owner: null, now: DAY, onact: vi.fn() });
    expect(screen.queryByRole('button', { name: 'Test' })).toBeNull();
    expect(screen.getByRole('button', { name: 'Remove' })).toBeInTheDocument();
  });
});

describe('replacing a key', () => {
  it('sends the cleaned key and how long the old one stays, once', async () => {
    const rotateKey = vi.fn(async () => key());
    const onclose = vi.fn();
    render(RotateDialog, { api: { rotateKey }, key: key(), onclose });
    await userEvent.type(screen.getByLabelText('OpenAI key'), `"${SECRET}"`);
    await userEvent.selectOptions(screen.getByLabelText(/Keep the old key/), 'one week');
    await userEvent.click(screen.getByRole('button', { name: 'Replace the key' }));
    expect(rotateKey.mock.calls).toEqual([['k1', SECRET, 168]]);
    expect(onclose).toHaveBeenCalled();
  });

  it('says what is wrong with what was pasted, and sends nothing', async () => {
    const rotateKey = vi.fn();
    render(RotateDialog, { api: { rotateKey }, key: key(), onclose: vi.fn() });
    await userEvent.type(screen.getByLabelText('OpenAI key'), 'cvg_abcdefghijklmnopqrst');
    await userEvent.click(screen.getByRole('button', { name: 'Replace the key' }));
    expect(screen.getByLabelText('OpenAI key')).toHaveAccessibleDescription(/a Convergio token/);
    expect(rotateKey).not.toHaveBeenCalled();
  });
});

describe('revoking a key', () => {
  it('that fails stays open and says why', async () => {
    const revokeKey = vi.fn().mockRejectedValue(new ApiFailure('forbidden', 'no', 403));
    const onclose = vi.fn();
    const api = { revokeKey, removeKey: vi.fn() };
    render(EndDialog, { api, key: key(), how: 'revoke', onclose });
    await userEvent.click(screen.getByRole('button', { name: 'Revoke the key' }));
    expect(screen.getByRole('alert')).toHaveTextContent(/Your role does not allow this/);
    expect(onclose).not.toHaveBeenCalled();
  });
});
