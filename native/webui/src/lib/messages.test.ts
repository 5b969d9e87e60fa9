// @vitest-environment node
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import en from '../../messages/en.json' with { type: 'json' };
import it_ from '../../messages/it.json' with { type: 'json' };

const inputs = (message: unknown) =>
  [...new Set(JSON.stringify(message).match(/\{[a-z_]+\}/g) ?? [])].sort();
const keys = Object.keys(en).filter((key) => key !== '$schema');

function sources(folder: string): string {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => /\.(svelte|ts)$/.test(entry.name) && !/\.test\.ts$/.test(entry.name))
    .filter((entry) => !entry.parentPath.includes('paraglide'))
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
    .join('\n');
}

/** What components show: without their scripts, styles, comments and expressions. */
function components(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.name.endsWith('.svelte'))
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
    .map((text) => text.replace(/<(script|style)[^>]*>[\s\S]*?<\/\1>|<!--[\s\S]*?-->/g, ''))
    .map((text) => text.replace(/=>/g, '').replace(/\{[^{}]*\}/g, ''));
}

/** Names that are the same in every language. */
const BRANDS = new Set(['Convergio', '· Convergio', 'OpenAI SDK', 'Anthropic SDK']);

describe('messages', () => {
  it('are the same in every language', () => {
    expect(Object.keys(it_)).toEqual(Object.keys(en));
  });

  it('take the same things in every language', () => {
    const differing = keys.filter(
      (key) =>
        String(inputs(en[key as keyof typeof en])) !== String(inputs(it_[key as keyof typeof it_]))
    );
    expect(differing).toEqual([]);
  });

  it('are all used', () => {
    const text = sources('src');
    expect(keys.filter((key) => !new RegExp(`\\bm\\.${key}\\b`).test(text))).toEqual([]);
  });

  it('have no word left in a component', () => {
    const found: string[] = [];
    for (const markup of components('src')) {
      for (const text of markup.match(/>[^<>{}]*[A-Za-z]{3,}[^<>{}]*</g) ?? []) {
        const words = text.slice(1, -1).trim();
        if (!BRANDS.has(words)) found.push(words);
      }
    }
    expect(found).toEqual([]);
  });
});
