// SPDX-License-Identifier: Apache-2.0
// Commands that are waited for in one file each: of the processor time of a start, each further file takes half a millisecond. Only own code
// is in it; packages, and the compiled policy schema, are files of their own that are read at their first use.
import { writeFile } from 'node:fs/promises';
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

/** The other commands are never asked for: dist/cli.js starts this file for one alone. */
const only = (command: string): Plugin => ({
  name: 'only',
  setup(context) {
    context.onResolve({ filter: /^\.\.\/commands\// }, ({ path, importer }) =>
      importer !== join(source, 'cli/commands.ts') || path === `../commands/${command}.ts`
        ? undefined
        : { path, namespace: 'other' },
    );
    context.onLoad({ filter: /./, namespace: 'other' }, () => ({ contents: 'export default undefined;' }));
  },
});

/** Files of `dist/` by the words of the command. */
const SINGLE = { run: 'run', 'image-build': 'image/build' } as const;

/** Write `run.js`, `image-build.js` and `packages/` beside them, and `cli.js`, which chooses. */
export async function bundleSingle(outdir: string, options: BuildOptions): Promise<void> {
  const aside = new Map<string, string>();
  const plugins = options.plugins ?? [];
  let choice = `'./main.js'`;
  for (const [name, command] of Object.entries(SINGLE)) {
    await build({
      ...options,
      entryPoints: { [name]: join(source, 'cli.ts') },
      outdir,
      format: 'esm',
      plugins: [setAside(aside), only(command), ...plugins],
    });
    const words = command.split('/').map((word, i) => `process.argv[${i + 2}] === '${word}'`);
    choice = `${words.join(' && ')} ? './${name}.js' : ${choice}`;
  }
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
  await writeFile(join(outdir, 'cli.js'), `await import(${choice});\n`);
}
