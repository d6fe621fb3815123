// SPDX-License-Identifier: Apache-2.0
// Usage: scripts/node scripts/order/main.ts, after `make` (root, x86-64). Writes native/cmake/startup.ld: the functions that a
// container's start, and entering it, executes, which the linker then puts side by side. They are a fifth of the code; scattered,
// they made nearly every page of the executable resident. Names that no longer exist do no harm, so this needs repeating only
// now and then.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeBundle } from '../../benchmarks/bundle.ts';
import { inputSections, linkerScript } from './sections.ts';

const root = join(import.meta.dirname, '../..');
const objects = join(root, 'build/release');
const directory = mkdtempSync(join(tmpdir(), 'secure-order-'));
const at = (name: string) => join(directory, name);
const runtime = at('secure-runtime');

/** The same program with the names of its functions, and where its sections lie. */
function link(): { map: string; entries: string[] } {
  const words = { encoding: 'utf8', maxBuffer: 1 << 26 } as const;
  const [last = ''] = execFileSync('ninja', ['-C', objects, '-t', 'commands', 'secure-runtime'], words)
    .trim()
    .split('\n')
    .slice(-1);
  const command = last.replace(' -s ', ` -Wl,-Map=${at('map')} `).replace(' -o secure-runtime ', ` -o ${runtime} `);
  if (!command.includes(at('map')) || !command.includes(runtime)) throw new Error(`unexpected link command: ${last}`);
  execFileSync('sh', ['-ec', command], { cwd: objects, stdio: 'inherit' });
  const symbols = execFileSync('nm', [runtime], words).matchAll(/^([0-9a-f]+) [tTwWi] /gm);
  return { map: readFileSync(at('map'), 'utf8'), entries: [...symbols].map(([, address = '']) => address) };
}

/** Everything that is to be fast, from the first to the last process. */
const LIFE = `
"$0" --root "$1" run -b "$2" order-$$
"$0" --root "$1" create -b "$3" order-$$
"$0" --root "$1" start order-$$
"$0" --root "$1" state order-$$ >/dev/null
"$0" --root "$1" exec order-$$ /bin/true
"$0" --root "$1" kill order-$$ KILL
"$0" --root "$1" delete --force order-$$`;

function bundle(name: string, args: readonly string[]): string {
  const made = makeBundle(at(name));
  made.command(args);
  return made.directory;
}

/** Addresses of functions in the order of their first calls. */
function traced(): number[] {
  const bundles = [bundle('short', ['/bin/true']), bundle('long', ['/bin/sleep', '600'])];
  const life = ['sh', '-euc', LIFE, runtime, at('state'), ...bundles];
  execFileSync(at('trace'), [runtime, at('entries'), at('called'), ...life], { stdio: 'inherit', timeout: 60_000 });
  return readFileSync(at('called'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => Number.parseInt(line, 16));
}

try {
  execFileSync('cc', ['-O2', '-Wall', '-Wextra', '-Werror', '-o', at('trace'), join(import.meta.dirname, 'trace.c')]);
  const { map, entries } = link();
  writeFileSync(at('entries'), entries.join('\n'));
  const script = linkerScript(inputSections(map), traced());
  writeFileSync(join(root, 'native/cmake/startup.ld'), script);
  console.log(`${script.split('\n').length} lines`);
} finally {
  rmSync(directory, { recursive: true, force: true });
}
