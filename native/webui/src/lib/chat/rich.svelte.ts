/**
 * What shows an answer with its headings and tables. It comes along with half of what the chat
 * weighs and nobody needs it before there is an answer: until it is here, answers are plain text.
 */
import type Markdown from './Markdown.svelte';

let shows = $state.raw<typeof Markdown | null>(null);

export const rich = {
  /** The component, once it was fetched. */
  get component(): typeof Markdown | null {
    return shows;
  },
  /** Fetches it. Without a network the text stays as it is, and the next call tries again. */
  async fetch(): Promise<void> {
    if (shows !== null) return;
    const found = await import('./Markdown.svelte').catch(() => null);
    if (found !== null) shows = found.default;
  }
};
