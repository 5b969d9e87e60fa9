// Prints what the client weighs and fails when it is over its budget. Reads build/ only.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';

const BUDGET = 500_000;
const folder = new URL('../build/', import.meta.url).pathname;
const files = readdirSync(folder, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && /\.(js|css)$/.test(entry.name))
  .map((entry) => join(entry.parentPath, entry.name));
if (files.length === 0) throw new Error(`${folder} holds no client; run \`npm run build\` first`);

const total = { raw: 0, gzip: 0, brotli: 0 };
for (const file of files) {
  const bytes = readFileSync(file);
  total.raw += bytes.length;
  total.gzip += gzipSync(bytes, { level: 9 }).length;
  total.brotli += brotliCompressSync(bytes).length;
}
const kB = (/** @type {number} */ bytes) => `${(bytes / 1000).toFixed(1)} kB`;
console.log(
  `client: ${files.length} files, ${kB(total.raw)} raw, ${kB(total.gzip)} gzip, ${kB(total.brotli)} brotli (budget ${kB(BUDGET)} raw)`
);
if (total.raw >= BUDGET) {
  console.error(`the client is over its budget by ${kB(total.raw - BUDGET)}`);
  process.exit(1);
}
