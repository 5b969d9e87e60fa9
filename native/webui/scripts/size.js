// Prints what the client weighs, per page and in all, and fails when it is over its budget. Reads
// build/ only.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';

/** In bytes: all scripts and styles as they are, and what one page makes a browser fetch first. */
const BUDGET = { raw: 500_000, firstLoadBrotli: 120_000 };

const build = fileURLToPath(new URL('../build', import.meta.url));
const all = readdirSync(build, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name));
const code = all.filter((path) => /\.(js|css)$/.test(path));
if (code.length === 0) throw new Error(`${build} holds no client; run \`npm run build\` first`);

/** @param {string[]} paths */
function weigh(paths) {
  const sum = { files: paths.length, raw: 0, gzip: 0, brotli: 0 };
  for (const path of paths) {
    const bytes = readFileSync(path);
    sum.raw += bytes.length;
    sum.gzip += gzipSync(bytes, { level: 9 }).length;
    sum.brotli += brotliCompressSync(bytes).length;
  }
  return sum;
}

/**
 * A page and all that it names: what a browser fetches before anything is pressed.
 * @param {string} page
 */
function fetched(page) {
  const html = readFileSync(page, 'utf8');
  const named = [...html.matchAll(/(?:href|src)="([^"]+\.(?:js|css))"/g)].map(([, path]) => path);
  const files = named.map((path) =>
    path?.startsWith('/') ? join(build, path) : resolve(dirname(page), path ?? '')
  );
  return [page, ...new Set(files)];
}

const kB = (/** @type {number} */ bytes) => `${(bytes / 1000).toFixed(1)} kB`;
const line = (/** @type {ReturnType<typeof weigh>} */ sum) =>
  `${sum.files} files, ${kB(sum.raw)} raw, ${kB(sum.gzip)} gzip, ${kB(sum.brotli)} brotli`;

const over = [];
for (const page of all.filter((path) => path.endsWith('.html')).sort()) {
  const sum = weigh(fetched(page));
  const name = relative(build, page);
  console.log(`${name.padEnd(14)} ${line(sum)}`);
  if (sum.brotli > BUDGET.firstLoadBrotli) {
    over.push(
      `${name}: ${kB(sum.brotli)} brotli on first load, ${kB(BUDGET.firstLoadBrotli)} allowed`
    );
  }
}
const total = weigh(code);
console.log(`${'all'.padEnd(14)} ${line(total)}`);
if (total.raw >= BUDGET.raw) over.push(`all: ${kB(total.raw)} raw, ${kB(BUDGET.raw)} allowed`);
if (over.length > 0) {
  console.error(over.join('\n'));
  process.exit(1);
}
