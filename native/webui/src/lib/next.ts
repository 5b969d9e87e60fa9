/** Where to go after signing in: the address that was asked for, when it is one of ours. */
export function nextAddress(wanted: string | null, origin: string, otherwise: string): string {
  if (wanted === null) return otherwise;
  try {
    const url = new URL(wanted, origin);
    // `//elsewhere` and `https://elsewhere` would send somebody who just signed in to a stranger.
    if (url.origin !== origin || !wanted.startsWith('/')) return otherwise;
    return url.pathname + url.search + url.hash;
  } catch {
    return otherwise;
  }
}
