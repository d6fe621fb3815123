// SPDX-License-Identifier: Apache-2.0
// The command line of the dockerd that runs: it does not start when a flag and daemon.json say the same thing, and another file may be its own.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SecureError } from '../../errors.ts';
import { RUNTIME } from './types.ts';

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** Its words; none when it does not run. A name alone can be taken by anyone, so its own pid file says which process it is. */
function runningWords(root: string): string[] {
  const pid = read(join(root, '/run/docker.pid')).trim();
  if (!/^\d{1,10}$/.test(pid) || read(`/proc/${pid}/comm`) !== 'dockerd\n') return [];
  return read(`/proc/${pid}/cmdline`).split('\0').slice(1, -1);
}

function valuesOf(words: readonly string[], flag: string): string[] {
  return words.flatMap((word, at) => {
    if (word === flag) return [words[at + 1] ?? ''];
    return word.startsWith(`${flag}=`) ? [word.slice(flag.length + 1)] : [];
  });
}

/** @throws SecureError ENGINE_CONFLICT: with this configuration the daemon that runs would not start again, or would not read it */
export function checkDockerFlags(root: string, file: string, makeDefault: boolean): void {
  const words = runningWords(root);
  // Of runtimes both count, and of the same name only one.
  const same = valuesOf(words, '--add-runtime').some((value) => value.startsWith(`${RUNTIME}=`));
  const other = makeDefault && valuesOf(words, '--default-runtime').length > 0;
  if (same || other) {
    const [flag, why] = same
      ? [`--add-runtime ${RUNTIME}`, 'says itself what that runtime is']
      : ['--default-runtime', 'does not start when this file says it too'];
    throw new SecureError('ENGINE_CONFLICT', `dockerd runs with ${flag}, and ${why}`, {
      hint: 'take the flag out of its unit, restart it, and run this again',
      position: { file },
    });
  }
  const own = valuesOf(words, '--config-file').at(-1);
  if (own !== undefined && own !== file)
    throw new SecureError('ENGINE_CONFLICT', `dockerd runs with --config-file ${own}, and does not read this file`, {
      hint: `name it: --config ${own}`,
      position: { file },
    });
}
