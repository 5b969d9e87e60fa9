/** What the tabs of one browser tell each other: that something changed, never what. */

export type Topic = 'session' | 'keys';

export class Tabs {
  readonly #channel =
    typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel('convergio');

  tell(topic: Topic): void {
    this.#channel?.postMessage(topic);
  }

  /** Calls `heard` when another tab tells that topic; returns how to stop. */
  on(topic: Topic, heard: () => void): () => void {
    const listen = (event: MessageEvent) => {
      if (event.data === topic) heard();
    };
    this.#channel?.addEventListener('message', listen);
    return () => this.#channel?.removeEventListener('message', listen);
  }
}
