// SPDX-License-Identifier: Apache-2.0
// Debian packages that are unpacked for the guest and never installed here: a kernel, and what would start services or change
// the policy of this machine if it were installed.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

function output(program: string, args: readonly string[], cwd?: string): string {
  return execFileSync(program, [...args], { encoding: 'utf8', cwd, stdio: ['ignore', 'pipe', 'pipe'] });
}

/** The package that a meta package stands for, `linux-image-6.1.0-13-cloud-amd64` for example. */
function behind(meta: string): string {
  const depends = /^\s*Depends: (linux-image-\S+)$/m;
  let name = depends.exec(output('apt-cache', ['depends', meta]))?.[1];
  if (name === undefined) {
    // A machine on which nothing was ever installed has no lists yet.
    output('apt-get', ['update', '-qq']);
    name = depends.exec(output('apt-cache', ['depends', meta]))?.[1];
  }
  if (name === undefined) throw new Error(`apt knows no package behind ${meta}`);
  return name;
}

/**
 * Directory with the files of a package, downloaded at the first call. It appears only when it is whole.
 * @throws Error when apt cannot fetch it.
 */
export function unpacked(cache: string, label: string, packages: () => readonly string[]): string {
  const directory = join(cache, label);
  if (existsSync(directory)) return directory;
  const fresh = `${directory}.new`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(join(fresh, 'debs'), { recursive: true });
  const names = packages();
  try {
    output('apt-get', ['download', '-qq', ...names], join(fresh, 'debs'));
  } catch {
    // The lists are older than the archive.
    output('apt-get', ['update', '-qq']);
    output('apt-get', ['download', '-qq', ...names], join(fresh, 'debs'));
  }
  for (const name of readdirSync(join(fresh, 'debs'))) output('dpkg-deb', ['-x', join(fresh, 'debs', name), fresh]);
  rmSync(join(fresh, 'debs'), { recursive: true });
  renameSync(fresh, directory);
  return directory;
}

export interface Kernel {
  readonly image: string;
  /** `lib/modules/RELEASE/kernel`. */
  readonly modules: string;
}

/** Debian's kernel for virtual machines: NVMe and ext4 are built in, so it needs no initramfs. */
export function kernel(cache: string): Kernel {
  if (process.arch !== 'x64') throw new Error(`the lab boots an amd64 kernel, this is ${process.arch}`);
  const directory = unpacked(cache, 'kernel', () => [behind('linux-image-cloud-amd64')]);
  const release = readdirSync(join(directory, 'lib/modules'))[0] ?? '';
  return {
    image: join(directory, `boot/vmlinuz-${release}`),
    modules: join(directory, 'lib/modules', release, 'kernel'),
  };
}
