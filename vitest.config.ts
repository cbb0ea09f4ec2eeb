import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Also the core that vitest would keep for itself: most tests wait for disks and sockets.
    maxWorkers: '100%',
    testTimeout: 30_000,
    // On a busy machine the default of a second is a test of the machine.
    expect: { poll: { timeout: 20_000 } },
    hookTimeout: 30_000,
  },
});
