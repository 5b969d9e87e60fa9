/**
 * The real gateway with simulated providers; it serves the built client on its own port.
 * CONVERGIO_GATEWAY names the gateway, CONVERGIO_PYTHON the Python that runs the simulators.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../../../..');
const GATEWAY =
  process.env.CONVERGIO_GATEWAY ?? join(ROOT, 'native/gateway/target/release/convergio-gateway');
const PYTHON = process.env.CONVERGIO_PYTHON ?? join(ROOT, '.venv/bin/python');
const BUILD = resolve(import.meta.dirname, '../../build');
const PATIENCE = 30_000;

export class Stack {
  url = '';
  simulators = '';
  /** What the gateway said on its log and its standard output. */
  said = '';
  /** Where it keeps everything. */
  readonly data = mkdtempSync(join(tmpdir(), 'convergio-e2e-'));
  readonly #children: ChildProcess[] = [];
  /** Why there is no installation. */
  #failed: string | null = null;

  /** Starts all of it; returns the path of the setup link with its token. */
  async start(): Promise<string> {
    const at = (name: string) => join(this.data, name);
    this.#run(PYTHON, ['-m', 'fixtures.providers', '--port-file', at('port')], {});
    const port = await this.#file(at('port'));
    this.simulators = `http://127.0.0.1:${/\d+/.exec(port)?.[0] ?? ''}`;
    this.#run(
      GATEWAY,
      ['serve', '--listen', '127.0.0.1:0', '--address-file', at('address')].concat([
        ...['--data', at('data'), '--setup-file', at('setup.json'), '--webui', BUILD]
      ]),
      {
        CONVERGIO_MASTER_KEY_FILE: at('master.key'),
        CONVERGIO_OPENAI_BASE_URL: `${this.simulators}/openai/v1`,
        CONVERGIO_ANTHROPIC_BASE_URL: `${this.simulators}/anthropic/v1`,
        CONVERGIO_GOOGLE_BASE_URL: `${this.simulators}/google/v1beta`,
        CONVERGIO_AZURE_ENDPOINT: `${this.simulators}/azure`
      }
    );
    this.url = (await this.#file(at('address'))).trim().replace(/^(?!http)/, 'http://');
    const setup = JSON.parse(await this.#file(at('setup.json'))) as { url: string };
    return new URL(setup.url).hash;
  }

  async stop(): Promise<void> {
    const ended = this.#children.map(
      (child) =>
        new Promise((done) => (child.exitCode === null ? child.once('exit', done) : done(0)))
    );
    for (const child of this.#children) child.kill('SIGTERM');
    await Promise.all(ended);
    rmSync(this.data, { recursive: true });
  }

  #run(command: string, args: string[], env: Record<string, string>): void {
    const child = spawn(command, args, {
      cwd: ROOT,
      env: { ...process.env, PYTHONPATH: ROOT, ...env },
      stdio: ['ignore', 'pipe', 'pipe']
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (bytes: Buffer) => (this.said += bytes.toString()));
    }
    child.on('error', (error) => (this.#failed = `${command}: ${error.message}`));
    child.on('exit', (code) => (this.#failed ??= `${command} ended with ${code}`));
    this.#children.push(child);
  }

  /** What is in a file that a program writes once it is ready. */
  async #file(path: string): Promise<string> {
    const end = Date.now() + PATIENCE;
    while (!existsSync(path) || readFileSync(path, 'utf8').trim() === '') {
      if (this.#failed !== null) throw new Error(`${this.#failed}\n${this.said}`);
      if (Date.now() > end) throw new Error(`${path} did not appear:\n${this.said}`);
      await new Promise((done) => setTimeout(done, 50));
    }
    return readFileSync(path, 'utf8');
  }

  /** The next answers of the simulated providers to those who come with that key. */
  async behave(behaviour: string, key: string, times = 9): Promise<void> {
    const order = { behaviour, times, match: { key } };
    const answer = await fetch(`${this.simulators}/_control/queue`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(order)
    });
    if (!answer.ok) throw new Error(`the simulators refused ${behaviour}: ${await answer.text()}`);
  }
}
