// SPDX-License-Identifier: Apache-2.0
// Modules that dist/ holds as their result. From source they work it out at each start, which is slow and always right.
import { join } from 'node:path';
import type { Plugin } from 'esbuild';
import { parsedModule } from './parsed.ts';
import { validatorModule } from './validator.ts';

const source = join(import.meta.dirname, '../../src');
const MADE: Readonly<Record<string, () => Promise<string>>> = {
  'policies/parsed.ts': parsedModule,
  'policies/validator.ts': () => validatorModule('policy'),
  'audit/waivers-form.ts': () => validatorModule('waivers'),
};

/** Has to come before every plugin that loads sources itself: esbuild takes the first answer. */
export const made: Plugin = {
  name: 'made',
  setup(context) {
    for (const [place, make] of Object.entries(MADE)) {
      const path = join(source, place);
      context.onLoad({ filter: new RegExp(`/src/${place}$`) }, async (loaded) =>
        loaded.path === path ? { contents: await make(), loader: 'js', resolveDir: join(path, '..') } : undefined,
      );
    }
  },
};
