// SPDX-License-Identifier: Apache-2.0
import { defineConfig } from 'vitest/config';

// Unit tests. Everything that makes containers lives in test/integration and friends and runs by its own config.
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/integration/**', 'test/escape/**', 'test/conformance/**', 'test/lab/**', '**/fixtures/**'],
    pool: 'forks',
    maxWorkers: 2,
    // Beside other work; what has to be quick compares, and does not race.
    testTimeout: 30_000,
  },
});
