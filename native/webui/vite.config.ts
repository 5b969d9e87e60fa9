import adapter from '@sveltejs/adapter-static';
import { sveltekit } from '@sveltejs/kit/vite';
import { paraglideVitePlugin } from '@inlang/paraglide-js';
import { createHash } from 'node:crypto';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';
import { messages } from './messages.config.js';
import pkg from './package.json' with { type: 'json' };

/** The gateway that `npm run dev` talks to. */
const gateway = process.env.CONVERGIO_URL ?? 'http://127.0.0.1:8080';

/** SvelteKit's announcer of page changes carries this one style attribute. */
const ANNOUNCER =
  'position: absolute; left: 0; top: 0; clip: rect(0 0 0 0); clip-path: inset(50%); overflow: hidden; white-space: nowrap; width: 1px; height: 1px';
const hash = (text: string) =>
  `sha256-${createHash('sha256').update(text).digest('base64')}` as const;

/**
 * Few files instead of fifty: on a phone each one costs a round trip, and each is compiled, linked
 * and run by itself. What every page has is one file, what some pages share another.
 */
const fewFiles: Plugin = {
  name: 'convergio:few-files',
  config: (_, { isSsrBuild }) =>
    isSsrBuild
      ? {}
      : {
          build: {
            rolldownOptions: {
              output: {
                codeSplitting: {
                  groups: [
                    { name: 'framework', test: /node_modules.(svelte|@sveltejs|esm-env|clsx)\W/ },
                    { name: 'shared', test: /\/src\//, minShareCount: 2 }
                  ]
                }
              }
            }
          }
        }
};

export default defineConfig({
  plugins: [
    paraglideVitePlugin(messages),
    sveltekit({
      compilerOptions: { runes: true },
      adapter: adapter({ fallback: '404.html', precompress: true }),
      // The same sources give the same bytes: the default name is the time of the build.
      version: { name: process.env.BUILD_ID ?? pkg.version },
      csp: {
        mode: 'hash',
        directives: {
          'default-src': ['none'],
          'script-src': ['self'],
          'style-src': ['self'],
          'style-src-attr': ['unsafe-hashes', hash(ANNOUNCER)],
          'connect-src': ['self'],
          'img-src': ['self', 'data:'],
          'manifest-src': ['self'],
          'base-uri': ['none'],
          'form-action': ['none'],
          'require-trusted-types-for': ['script'],
          'trusted-types': ['svelte-trusted-html']
        }
      }
    }),
    fewFiles
  ],
  // Browsers that know `light-dark()`; older targets make the stylesheet half as large again.
  build: {
    target: ['chrome123', 'firefox120', 'safari17.5'],
    // How long plugins took is no warning about the build.
    rolldownOptions: { checks: { pluginTimings: false } }
  },
  server: { proxy: { '/api': gateway, '/v1': gateway } },
  // Svelte mounts components only in its browser build.
  resolve: process.env.VITEST ? { conditions: ['browser'] } : {},
  test: {
    include: ['src/**/*.test.ts', 'scripts/**/*.test.ts'],
    environment: 'jsdom',
    setupFiles: ['src/testing/setup.ts'],
    restoreMocks: true,
    unstubGlobals: true
  }
});
