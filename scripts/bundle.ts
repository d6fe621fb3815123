// SPDX-License-Identifier: Apache-2.0
// Bundle src/cli.ts to dist/, or to the directory that is named: `run` and `image build`, which are waited for, in one file each;
// everything else as one chunk per command, so that starting costs only what is used.
import { cp, glob, mkdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { type BuildOptions, build, type Plugin } from 'esbuild';
import { made } from './bundle/made.ts';
import { bundleSingle } from './bundle/single.ts';

const root = join(import.meta.dirname, '..');
const source = join(root, 'src');
const target = resolve(process.argv[2] ?? join(root, 'dist'));
// Built beside and renamed: an interrupted build leaves the old bundle.
const work = process.argv[2] === undefined ? join(root, `build/dist.${process.pid}`) : `${target}.${process.pid}`;

/**
 * dist/ answers `import.meta` as src/ does: every module sees the place it had in the source tree, with dist/ in the
 * role of src/. So `new URL('./builtin/', import.meta.url)` finds its data in both. All chunks lie directly in dist/.
 */
const importMeta: Plugin = {
  name: 'import-meta',
  setup(context) {
    context.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const place = relative(source, path);
      if (place.startsWith('..')) return undefined;
      const replacement = {
        url: `new URL(${JSON.stringify(`./${place}`)}, import.meta.url).href`,
        filename: `(import.meta.dirname + ${JSON.stringify(`/${place}`)})`,
        dirname: `(import.meta.dirname + ${JSON.stringify(`/${dirname(place)}`)})`,
      };
      const contents = (await readFile(path, 'utf8')).replaceAll(
        /\bimport\.meta\.(url|filename|dirname)\b/g,
        (_, property: keyof typeof replacement) => replacement[property],
      );
      return { contents, loader: 'ts' };
    });
  },
};

const options: BuildOptions = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node22.15',
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'none',
  // CommonJS dependencies call require() for builtins.
  banner: {
    js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);",
  },
  // Its other form looks for its parts in a way that no bundler sees.
  alias: { 'jsonc-parser': 'jsonc-parser/lib/esm/main.js' },
  plugins: [made, importMeta],
  logLevel: 'warning',
};

await rm(work, { recursive: true, force: true });
await build({
  ...options,
  entryPoints: { main: join(source, 'cli.ts') },
  outdir: work,
  splitting: true,
  format: 'esm',
  entryNames: '[name]',
  chunkNames: '[name]-[hash]',
});
await bundleSingle(work, options);
for await (const file of glob('**/*.{yaml,json}', { cwd: source })) {
  await mkdir(dirname(join(work, file)), { recursive: true });
  await cp(join(source, file), join(work, file));
}
await rm(target, { recursive: true, force: true });
await rename(work, target);
