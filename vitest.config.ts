import { defineConfig } from 'vitest/config';

/** Three suites: `unit` needs nothing but Node; `docker` runs real containers; `e2e` the app in a real browser and in Electron, on real labs. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/contract/**', 'test/docker/**', 'test/packs/**', 'test/e2e/**'],
          testTimeout: 90_000,
          setupFiles: ['test/support/property-seed.ts'],
        },
      },
      {
        test: {
          name: 'docker',
          include: ['test/contract/**/*.test.ts', 'test/docker/**/*.test.ts', 'test/packs/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 300_000,
          globalSetup: ['test/support/docker-setup.ts', 'test/support/app-setup.ts'],
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 300_000,
          globalSetup: ['test/support/docker-setup.ts', 'test/support/app-setup.ts', 'test/support/browser-setup.ts'],
        },
      },
    ],
  },
});
