import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

/** The app's pages: one build for the browser host and for Electron. chrome108 is the oldest that tests run it in. */
export default defineConfig({
  root: 'app',
  base: './',
  plugins: [svelte()],
  build: {
    outDir: '../dist/app',
    emptyOutDir: true,
    target: 'chrome108',
    chunkSizeWarningLimit: 2000,
    // Small files inlined as data: would need a wider content security policy.
    assetsInlineLimit: 0,
  },
});
