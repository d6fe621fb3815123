// SPDX-License-Identifier: Apache-2.0
import type { Command, Instruction } from '../../../facts/dockerfile.ts';

const MANAGERS = new Set(['apt', 'apt-get', 'aptitude', 'apk', 'yum', 'dnf', 'microdnf', 'zypper']);

/** First word that is no option: `install` of `apt-get -qq -o a=b install x`. */
export function action({ name, args }: Command): string | undefined {
  if (!MANAGERS.has(name)) return undefined;
  for (let i = 0; i < args.length; i += 1) {
    const value = args[i]?.value ?? '';
    if (value === '-o' || value === '-c' || value === '-t' || value === '--repository' || value === '-X') i += 1;
    else if (!value.startsWith('-')) return value;
  }
  return undefined;
}

/** The directory is a cache or a temporary file system of the build, so nothing of it is in the layer. */
export const mounts = ({ flags }: Instruction, directory: string): boolean =>
  flags.some(({ name, value }) => {
    if (name !== 'mount' || !/(?:^|,)type=(?:cache|tmpfs)(?:,|$)/.test(value)) return false;
    const target = /(?:^|,)(?:target|dst|destination)=([^,]*)/.exec(value)?.[1]?.replace(/\/+$/, '');
    return target !== undefined && (target === directory || directory.startsWith(`${target}/`));
  });
