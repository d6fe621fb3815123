// SPDX-License-Identifier: Apache-2.0
import { defineConfig } from 'vitest/config';

// Tests that run real containers: one file after the other, because they share the kernel's tables and time matters.
export default defineConfig({
  test: {
    include: ['test/integration/**/*.test.ts', 'test/escape/**/*.test.ts', 'test/conformance/**/*.test.ts'],
    exclude: ['**/fixtures/**'],
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
