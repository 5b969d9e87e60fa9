/** Serves the built client as the gateway does: a file, the same with `.html`, else 404.html. */
import { createReadStream, existsSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { extname, join, normalize } from 'node:path';

const BUILD = join(import.meta.dirname, '../..', 'build');
const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
  '.txt': 'text/plain',
  '.webmanifest': 'application/manifest+json'
};

export const isApi = (pathname: string) => /^\/(?:api|v1)\//.test(pathname);

export function serveFile(pathname: string, response: ServerResponse): void {
  const wanted = normalize(pathname === '/' ? '/index.html' : pathname);
  const file = [wanted, `${wanted}.html`].map((name) => join(BUILD, name)).find(isFile);
  const path = file ?? join(BUILD, '404.html');
  response.statusCode = file === undefined ? 404 : 200;
  response.setHeader('content-type', TYPES[extname(path)] ?? 'application/octet-stream');
  response.setHeader('x-content-type-options', 'nosniff');
  response.setHeader('referrer-policy', 'same-origin');
  const lasting = pathname.startsWith('/_app/immutable/') && file !== undefined;
  response.setHeader('cache-control', lasting ? 'max-age=31536000, immutable' : 'no-cache');
  createReadStream(path).pipe(response);
}

const isFile = (path: string) => path.startsWith(BUILD) && extname(path) !== '' && existsSync(path);
