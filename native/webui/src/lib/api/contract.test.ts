// @vitest-environment node
/** The client against the document of the gateway: types made from it, and every call in it. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import document from '../../../openapi.json' with { type: 'json' };
import { typesOf } from '../../../scripts/api.js';
import { fakeFetch, json, type Asked } from '../../testing/api';
import { Api, tables } from './client';

interface Schema {
  $ref?: string;
  properties?: Record<string, unknown>;
  required?: string[];
  allOf?: Schema[];
}
interface Operation {
  requestBody?: { content: Record<string, { schema: Schema }> };
  parameters?: { name: string; in: string }[];
}
const paths = document.paths as Record<string, Record<string, Operation>>;
const schemas = document.components.schemas as Record<string, Schema>;

/** Calls all that the client has, with something for each parameter. */
async function everyCall(): Promise<Asked[]> {
  const answers = new Proxy({}, { get: () => () => json({ data: [] }) });
  const { fetcher, asked } = fakeFetch(answers);
  const api = new Api({ csrf: () => 'c', signedOut: () => {} }, fetcher);
  const endpoint = { endpoint: 'https://a.example', api_version: '1', region: 'r' };
  await api.beginning();
  await api.setup({ token: 't', tenant: 't', email: 'e', password: 'p' });
  await api.signIn('e', 'p');
  await api.session();
  await api.signOut();
  await api.changePassword('old', 'new');
  await api.providers();
  await api.keys();
  await api.checkKey({ provider: 'azure', secret: 's', endpoint });
  await api.addKey({ provider: 'azure', secret: 's', name: 'n', endpoint });
  await api.renameKey('id', 'n');
  await api.limitKey('id', 1);
  await api.testKey('id');
  await api.rotateKey('id', 's', 24);
  await api.revokeKey('id');
  await api.revokeKey('id', 1);
  await api.removeKey('id');
  await api.reminders();
  await api.usage('day', 0, 1);
  await api.people();
  await api.addPerson('e', 'p', 'user');
  await api.changePerson('id', { role: 'admin', disabled: false });
  await api.tokens();
  await api.addToken('n', ['chat']);
  await api.revokeToken('id');
  await api.settings();
  await api.changeSettings({ keys_max_age_days: 90, requests_per_minute: null });
  await api.audit(new URLSearchParams({ kind: 'login', after: '1', limit: '10' }));
  await api.verifyAudit();
  await api.models();
  await api.chat('auto', [], new AbortController().signal);
  return asked;
}

function operationOf({ method, path }: Asked): Operation | undefined {
  const [pathname = ''] = path.split('?');
  const template = pathname.replace(/\/id(?=\/|$)/, '/{id}');
  return paths[template]?.[method.toLowerCase()];
}

function bodyOf(operation: Operation | undefined): Schema {
  const schema = operation?.requestBody?.content['application/json']?.schema ?? {};
  return schemas[schema.$ref?.split('/').at(-1) ?? ''] ?? schema;
}

describe('the client and the gateway’s document', () => {
  it('the types are made from it', async () => {
    const made = await typesOf(JSON.stringify(document));
    expect(readFileSync('src/lib/api/schema.ts', 'utf8')).toBe(made);
  });

  it('every method of the client is called here', async () => {
    const client = readFileSync('src/lib/api/client.ts', 'utf8');
    const test = readFileSync('src/lib/api/contract.test.ts', 'utf8');
    const methods = [...client.matchAll(/^ {2}(\w+) = /gm)].map(([, name]) => name ?? '');
    expect(methods.length).toBeGreaterThan(20);
    expect(methods.filter((name) => !test.includes(`api.${name}(`))).toEqual([]);
  });

  it('every call is an operation of it', async () => {
    const unknown = (await everyCall()).filter((call) => operationOf(call) === undefined);
    expect(unknown.map(({ method, path }) => `${method} ${path}`)).toEqual([]);
  });

  it('every field that is sent is one it names, and none that it requires is missing', async () => {
    const faults: string[] = [];
    for (const call of await everyCall()) {
      // What the provider takes passes through: the document names only what the gateway reads.
      if (call.path.startsWith('/v1/') || call.body === undefined) continue;
      const { properties = {}, required = [] } = bodyOf(operationOf(call));
      const sent = Object.keys(call.body as object);
      const where = `${call.method} ${call.path}`;
      for (const name of sent) if (!(name in properties)) faults.push(`${where}: ${name}`);
      for (const name of required) if (!sent.includes(name)) faults.push(`${where}: no ${name}`);
    }
    expect(faults).toEqual([]);
  });

  it('every table for spreadsheets is an operation of it, and its parameters too', () => {
    for (const address of [tables.usage(0, 1), tables.audit('login'), tables.audit('')]) {
      const { pathname, searchParams } = new URL(address, 'http://here');
      const known = paths[pathname]?.get?.parameters?.map((one) => one.name) ?? [];
      expect(known, address).toEqual(expect.arrayContaining([...searchParams.keys()]));
    }
  });

  it('every query parameter is one it names', async () => {
    const faults: string[] = [];
    for (const call of await everyCall()) {
      const known = operationOf(call)?.parameters?.map((one) => one.name) ?? [];
      for (const name of new URLSearchParams(call.path.split('?')[1]).keys()) {
        if (!known.includes(name)) faults.push(`${call.method} ${call.path}: ${name}`);
      }
    }
    expect(faults).toEqual([]);
  });
});
