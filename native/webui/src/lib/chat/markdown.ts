/**
 * An answer's Markdown as data. Components render it as text and elements; nothing ever becomes
 * HTML by being parsed as such, so an answer cannot bring a script, a frame or an image along.
 */
import { Lexer, type Token } from 'marked';

export function blocksOf(text: string): Token[] {
  return new Lexer({ gfm: true, breaks: true }).lex(text);
}

/** The address, when following it is harmless. */
export function safeHref(href: string): string | null {
  try {
    const url = new URL(href);
    return ['http:', 'https:', 'mailto:'].includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

/** `&amp;` as `&`: the lexer keeps what a model writes for HTML. */
export function plain(text: string): string {
  return text.replace(/&(amp|lt|gt|quot|#39|nbsp);/g, (_, name: string) => ENTITIES[name] ?? '');
}

const ENTITIES: Record<string, string> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  '#39': "'",
  nbsp: '\u00a0'
};
