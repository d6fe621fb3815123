// SPDX-License-Identifier: Apache-2.0
import { defineConfig } from 'vitest/config';

const exclude = ['**/fixtures/**'];
const common = { pool: 'forks' as const, testTimeout: 60_000, hookTimeout: 120_000 };
/** Each in a store and files of its own; what they have in common with others on the machine they leave alone. */
const APART = [
  ...['image-*', 'registry-*', 'commit', 'extract'],
  ...['audit-fix', 'audit-fix-host', 'audit-images', 'audit-merge', 'audit-vulnerabilities', 'report-html'],
  ...['ci-*', 'policy-remote', 'policy-review-images'],
].map((name) => `test/integration/${name}.test.ts`);

export default defineConfig({
  test: {
    maxWorkers: 2,
    globalSetup: 'test/support/cli.ts',
    projects: [
      {
        // Tests that run containers and look at what is left on the machine: one file after the other, because they share the kernel's
        // tables and time matters.
        test: {
          ...common,
          name: 'machine',
          include: ['test/integration/**/*.test.ts', 'test/escape/**/*.test.ts', 'test/conformance/**/*.test.ts'],
          exclude: [...exclude, ...APART],
          fileParallelism: false,
          sequence: { groupOrder: 0 },
        },
      },
      { test: { ...common, name: 'apart', include: APART, exclude, sequence: { groupOrder: 1 } } },
    ],
  },
});
