// SPDX-License-Identifier: Apache-2.0
// Containers that were started by the link: as long as they are there, their engine calls it to stop and to remove them.
import { readdirSync, readFileSync } from 'node:fs';
import type { EngineName } from './types.ts';

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** Whose a process is that watches a container of `link`: conmon says so in its arguments, containerd's shim in the directory that it runs in. */
function engineOf(pid: string, link: string): EngineName | undefined {
  const words = read(`/proc/${pid}/cmdline`).split('\0');
  const after = (name: string): string => words[words.indexOf(name) + 1] ?? '';
  if (/conmon$/.test(words[0] ?? '') && words.includes(link))
    return words.includes('--exit-command') && /podman/.test(after('--exit-command')) ? 'podman' : 'crio';
  if (!/containerd-shim-\S+$/.test(words[0] ?? '')) return undefined;
  if (!['runtime', 'options.json'].some((name) => read(`/proc/${pid}/cwd/${name}`).includes(link))) return undefined;
  return after('-namespace') === 'moby' ? 'docker' : 'containerd';
}

/** For each engine, how many processes watch containers that were started by `link`. */
export function usersOf(link: string): Readonly<Record<EngineName, number>> {
  const users = { docker: 0, podman: 0, containerd: 0, crio: 0 };
  for (const name of readdirSync('/proc')) {
    const engine = /^\d+$/.test(name) ? engineOf(name, link) : undefined;
    if (engine !== undefined) users[engine] += 1;
  }
  return users;
}
