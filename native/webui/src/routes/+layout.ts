// Everything behind the first request depends on who asks: pages are shells, filled in the browser.
export const ssr = false;
export const prerender = true;
export const trailingSlash = 'never';
