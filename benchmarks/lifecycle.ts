// SPDX-License-Identifier: Apache-2.0
// What follows a start, on one bundle with equal cgroups and filter: exec into a running container, and create, start and
// delete as an engine calls them.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { available } from './available.ts';
import type { Bundle } from './bundle.ts';
import { type Contender, hyperfine, print } from './timing.ts';

const home = join(import.meta.dirname, '..');

interface Runtime {
  name: string;
  /** Program and global options. */
  words: readonly string[];
}

function runtimes(bundle: Bundle): Runtime[] {
  const peers = ['crun', 'runc'].filter(available);
  return [
    { name: 'secure-runtime', words: [join(home, 'build/release/secure-runtime')] },
    ...peers.map((name) => ({ name, words: [name, '--root', join(bundle.directory, name)] })),
  ];
}

function call(words: readonly string[]): void {
  const { status, stderr } = spawnSync(words[0] ?? '', words.slice(1), {
    encoding: 'utf8',
    // A container that lives on would hold a pipe open.
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (status !== 0) throw new Error(`${words.join(' ')}: ${status} ${stderr}`);
}

function compareExec(bundle: Bundle): void {
  bundle.command(['/bin/sleep', '3600']);
  const all = runtimes(bundle);
  const id = ({ name }: Runtime) => `bench-exec-${name}`;
  try {
    for (const runtime of all) {
      call([...runtime.words, 'create', '--bundle', bundle.directory, id(runtime)]);
      call([...runtime.words, 'start', id(runtime)]);
    }
    const contenders = all.map(
      (runtime): Contender => ({
        name: `${runtime.name} exec`,
        argv: [...runtime.words, 'exec', id(runtime), '/bin/true'],
      }),
    );
    print('exec of /bin/true in a running container', hyperfine(bundle.directory, contenders), 'secure-runtime exec');
  } finally {
    for (const runtime of all)
      spawnSync(runtime.words[0] ?? '', [...runtime.words.slice(1), 'delete', '--force', id(runtime)]);
  }
}

/** One shell for the three calls of each; it costs all of them the same millisecond. */
function compareEngineCalls(bundle: Bundle): void {
  bundle.command(['/bin/sleep', '3600']);
  const contenders = runtimes(bundle).map(({ name, words }): Contender => {
    const program = words.join(' ');
    const id = `bench-cycle-${name}`;
    const calls = [`create --bundle ${bundle.directory} ${id}`, `start ${id}`, `delete --force ${id}`];
    return {
      name: `${name} cycle`,
      argv: ['sh', '-c', `exec <&- >/dev/null; ${calls.map((c) => `${program} ${c}`).join(' && ')}`],
    };
  });
  print('create, start, delete --force', hyperfine(bundle.directory, contenders), 'secure-runtime cycle');
}

export function compareLifecycles(bundle: Bundle): void {
  compareExec(bundle);
  compareEngineCalls(bundle);
}
