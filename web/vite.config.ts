import { loadEnv } from 'vite';
import { defineConfig } from 'vitest/config';

// `./` keeps the page working behind a path prefix; the API is addressed relative to the page as well.
export default defineConfig(({ mode }) => ({
  base: './',
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    // The page's policy forbids data: scripts and fonts, and the helper for old browsers is an extra script.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    reportCompressedSize: false,
  },
  server: { proxy: { '/api': loadEnv(mode, '.', '')['API_URL'] ?? 'http://127.0.0.1:8090' } },
  test: { include: ['test/**/*.test.ts'] },
}));
