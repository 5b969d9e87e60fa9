/**
 * Everywhere a browser, or what it talks to, could keep a key that somebody typed. The places are
 * gathered as text and searched for any twelve characters of it, as they are and encoded.
 */
import type { BrowserContext, Page, Request } from '@playwright/test';

export interface Call {
  /** `METHOD /path` */
  name: string;
  /** Address and headers: where a key never belongs. */
  head: string;
  body: string;
}

export class Watch {
  readonly calls: Call[] = [];
  readonly said: string[] = [];
  readonly #answers: Promise<string>[] = [];

  constructor(context: BrowserContext) {
    context.on('request', (request) => this.#heard(request));
    context.on('console', (message) => this.said.push(message.text()));
    context.on('weberror', (error) => this.said.push(String(error.error().stack)));
    context.on('response', (response) => {
      // What is the same for everybody was built before there was a key.
      if (new URL(response.url()).pathname.startsWith('/_app/')) return;
      const headers = JSON.stringify(response.headers());
      // A page that is left takes the bodies along that it was still reading.
      this.#answers.push(
        response.text().then(
          (body) => `${response.url()} ${headers} ${body}`,
          () => headers
        )
      );
    });
  }

  #heard(request: Request): void {
    const { pathname } = new URL(request.url());
    const head = `${request.url()} ${JSON.stringify(request.headers())}`;
    this.calls.push({
      name: `${request.method()} ${pathname}`,
      head,
      body: request.postData() ?? ''
    });
  }

  /** All that the gateway answered. */
  async answers(): Promise<string> {
    return (await Promise.all(this.#answers)).join('\n');
  }
}

/** What the browser keeps, by place. */
export async function places(
  page: Page,
  context: BrowserContext,
  watch: Watch
): Promise<Record<string, string>> {
  const inside = await page.evaluate(async () => {
    const fields = [...document.querySelectorAll('input, textarea')] as HTMLInputElement[];
    const databases = await indexedDB.databases();
    const contents = await Promise.all(
      databases.map(async ({ name }) => {
        const asked = <T>(request: IDBRequest<T>) =>
          new Promise<T>((done, fail) => {
            request.onsuccess = () => done(request.result);
            request.onerror = () => fail(request.error);
          });
        const database = await asked(indexedDB.open(name ?? ''));
        const all = await Promise.all(
          [...database.objectStoreNames].map((store) =>
            asked(database.transaction(store).objectStore(store).getAll())
          )
        );
        database.close();
        return [name, all];
      })
    );
    return {
      document: document.documentElement.outerHTML,
      fields: JSON.stringify(fields.map((field) => field.value)),
      'local storage': JSON.stringify({ ...localStorage }),
      'session storage': JSON.stringify({ ...sessionStorage }),
      IndexedDB: JSON.stringify(contents),
      caches: JSON.stringify(await caches.keys()),
      history: JSON.stringify([history.state, history.length]),
      address: location.href,
      'window name': window.name
    };
  });
  const cookies = JSON.stringify(await context.cookies());
  const network = watch.calls
    .map(({ name, head, body }) => `${head} ${carriesKeys(name) ? '' : body}`)
    .join('\n');
  const answers = await watch.answers();
  return { ...inside, cookies, console: watch.said.join('\n'), network, answers };
}

/** The calls by which a key leaves the browser: to be tried, and to be kept. */
export const carriesKeys = (name: string) =>
  ['POST /api/v1/keys/check', 'POST /api/v1/keys'].includes(name);

const PIECE = 12;

/** The places, by name, where any twelve characters of the secret stand in any of its writings. */
export function foundIn(where: Record<string, string>, secret: string): string[] {
  const writings = [
    secret,
    [...secret].reverse().join(''),
    encodeURIComponent(secret),
    ...[0, 1, 2].map((shift) =>
      Buffer.from(`${' '.repeat(shift)}${secret}`)
        .toString('base64')
        .slice(4, -4)
    ),
    Buffer.from(secret).toString('hex')
  ];
  const pieces = writings.flatMap((text) =>
    Array.from({ length: text.length - PIECE + 1 }, (_, at) => text.slice(at, at + PIECE))
  );
  return Object.entries(where)
    .filter(([, text]) => pieces.some((piece) => text.includes(piece)))
    .map(([name]) => name);
}
