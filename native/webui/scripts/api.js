// Brings openapi.json and the types made from it up to date with the gateway, or with --check only
// says whether they are. The gateway: CONVERGIO_GATEWAY, else the one that was built last.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import openapiTS, { astToString } from 'openapi-typescript';
import { format, resolveConfig } from 'prettier';

const at = (/** @type {string} */ path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const DOCUMENT = at('openapi.json');
const TYPES = at('src/lib/api/schema.ts');

/** @returns {string} */
function gateway() {
  const named = process.env.CONVERGIO_GATEWAY;
  if (named) return named;
  const built = ['release', 'debug']
    .map((profile) => at(`../gateway/target/${profile}/convergio-gateway`))
    .filter((path) => existsSync(path))
    .sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
  if (built[0]) return built[0];
  throw new Error(
    'no gateway to ask: build it (cargo build in native/gateway) or name one in CONVERGIO_GATEWAY'
  );
}

/**
 * The types of a document, formatted.
 * @param {string} document
 */
export async function typesOf(document) {
  const parsed = JSON.parse(document);
  // Operations are known by path and method here; ids of theirs would only be a second name.
  for (const path of Object.values(parsed.paths)) {
    for (const operation of Object.values(path)) delete operation.operationId;
  }
  const types = astToString(await openapiTS(parsed, { alphabetize: true }));
  const head = '/** The gateway’s API. Made from openapi.json by `npm run api`; not edited. */\n';
  return await format(head + types, { ...(await resolveConfig(TYPES)), filepath: TYPES });
}

async function main() {
  const said = execFileSync(gateway(), ['openapi'], { encoding: 'utf8', maxBuffer: 1 << 26 });
  const document = `${JSON.stringify(JSON.parse(said), null, 2)}\n`;
  const wanted = [
    [DOCUMENT, document],
    [TYPES, await typesOf(document)]
  ];
  const stale = wanted.filter(
    ([path, text]) => !existsSync(path ?? '') || readFileSync(path ?? '', 'utf8') !== text
  );
  if (process.argv.includes('--check')) {
    if (stale.length === 0) return;
    console.error(
      `${stale.map(([path]) => path).join(', ')} is not what the gateway says; run: npm run api`
    );
    process.exit(1);
  }
  for (const [path, text] of stale) writeFileSync(path ?? '', text ?? '');
  console.log(
    stale.length === 0 ? 'up to date' : `wrote ${stale.map(([path]) => path).join(', ')}`
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
