// SPDX-License-Identifier: Apache-2.0
// `secure` as it is installed, in build/cli: starting it costs a third of what the source does, and it is what people run. The global set-up
// of tests that call it; with vitest alone as with `make test` it is made where the source is newer.
import { execFileSync } from 'node:child_process';
import { globSync, mkdirSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

const PROJECT = join(import.meta.dirname, '..', '..');
/** From the root of the project. */
export const CLI_PATH = 'build/cli/dist/cli.js';
/** To be run by Node with `--` before it, as in bin/secure: Node would take --env-file for its own otherwise. */
export const CLI = join(PROJECT, CLI_PATH);

const changed = (path: string): number => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

export default function setup(): void {
  const installed = join(PROJECT, 'build', 'cli');
  // Directories too: a file may have gone.
  const sources = globSync(['src/**', 'scripts/bundle/*', 'scripts/bundle.ts', 'package-lock.json'], { cwd: PROJECT });
  if (changed(CLI) > Math.max(...sources.map((path) => changed(join(PROJECT, path))))) return;
  mkdirSync(installed, { recursive: true });
  // The native parts lie beside dist/.
  if (changed(join(installed, 'build')) === 0) symlinkSync('..', join(installed, 'build'));
  execFileSync(process.execPath, [join(PROJECT, 'scripts', 'bundle.ts'), join(installed, 'dist')], {
    stdio: 'inherit',
  });
}
