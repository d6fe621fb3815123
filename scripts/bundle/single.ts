// SPDX-License-Identifier: Apache-2.0
// `secure run` in one file: of the processor time of a start, each further file takes half a millisecond. Only run's own
// code is in it; packages, and the compiled policy schema, are files of their own that are read at their first use.
import { join } from 'node:path';
import { type BuildOptions, build, type Plugin } from 'esbuild';

const source = join(import.meta.dirname, '../../src');

/** How packages are named as files: `@oclif/core/help` is `oclif-core-help.cjs`. */
const fileOf = (name: string): string => `${name.replace(/\W+/g, '-').replace(/^-/, '')}.cjs`;

/** A required file, since esbuild evaluates CommonJS where it is used, but an imported one before everything else. */
function setAside(found: Map<string, string>): Plugin {
  return {
    name: 'set-aside',
    setup(context) {
      context.onResolve({ filter: /^[^./]|\/validator\.ts$/ }, ({ path, importer, kind }) => {
        if (kind === 'entry-point' || path.startsWith('node:')) return undefined;
        const file = fileOf(path);
        found.set(file, path.startsWith('.') ? join(importer, '..', path) : path);
        return { path: file, namespace: 'aside' };
      });
      context.onLoad({ filter: /./, namespace: 'aside' }, ({ path }) => ({
        contents: `module.exports = require('./packages/${path}');`,
      }));
      context.onResolve({ filter: /./, namespace: 'aside' }, ({ path }) => ({ path, external: true }));
    },
  };
}

/** The other commands are never asked for: dist/cli.js starts this file for `run` alone. */
const withoutOthers: Plugin = {
  name: 'without-others',
  setup(context) {
    context.onLoad({ filter: /\/src\/commands\/.*\.ts$/ }, ({ path }) =>
      path === join(source, 'commands/run.ts') ? undefined : { contents: 'export default undefined;' },
    );
  },
};

/** Write `run.js`, and `packages/` beside it. */
export async function bundleRun(outdir: string, options: BuildOptions): Promise<void> {
  const aside = new Map<string, string>();
  const plugins = options.plugins ?? [];
  await build({
    ...options,
    entryPoints: { run: join(source, 'cli.ts') },
    outdir,
    format: 'esm',
    plugins: [setAside(aside), withoutOthers, ...plugins],
  });
  const entryPoints = [...aside].map(([file, path]) => ({ in: path, out: file.slice(0, -'.cjs'.length) }));
  await build({
    ...options,
    entryPoints,
    outdir: join(outdir, 'packages'),
    outExtension: { '.js': '.cjs' },
    format: 'cjs',
    banner: {},
    plugins,
  });
}
