/**
 * How messages become functions: shared by the build and by `npm run messages`.
 *
 * @type {import('@inlang/paraglide-js').CompilerOptions}
 */
export const messages = {
  project: './project.inlang',
  outdir: './src/lib/paraglide',
  /** What the person chose, else what the browser asks for, else English. Never part of the address. */
  strategy: ['localStorage', 'preferredLanguage', 'baseLocale'],
  localStorageKey: 'convergio.locale',
  emitReadme: false,
  disableAsyncLocalStorage: true
};
