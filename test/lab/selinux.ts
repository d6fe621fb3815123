// SPDX-License-Identifier: Apache-2.0
// A policy for the SELinux form: Debian's base and unconfined modules, our own module, and the lab's workloads, compiled without
// Debian's module store, which would have to be installed. Takes a second and is kept until a source changes.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { unpacked } from './packages.ts';

const root = join(import.meta.dirname, '../..');
const OURS = [join(root, 'src/profiles/selinux/secure.cil'), join(import.meta.dirname, 'selinux/lab.cil')];
const MODULES = ['base', 'unconfined'];
/** Written in the module for the store, which translates logins and home directories by it; the compiler knows none of them. */
const FOR_THE_STORE = /^\((?:selinuxuser|selinuxuserdefault|userprefix) .*\n/gm;

export interface Policy {
  readonly binary: string;
  readonly contexts: string;
  /** Of policycoreutils, with its libraries below `packages`. */
  readonly setfiles: string;
  readonly packages: string;
  /** Give each file below `directory` the label that it would have if `directory` were the root. */
  label(directory: string): void;
}

export function selinuxPolicy(cache: string): Policy {
  const packages = unpacked(cache, 'selinux', () => [
    'selinux-policy-default',
    'policycoreutils',
    'semodule-utils',
    'secilc',
    'libsepol2',
    'libsemanage2',
    'libselinux1',
    'libaudit1',
  ]);
  const libraries = ['usr/lib', 'lib'].map((name) => join(packages, name, 'x86_64-linux-gnu')).join(':');
  const tool = (name: string, args: readonly string[]): string =>
    execFileSync(join(packages, name), [...args], {
      encoding: 'utf8',
      env: { ...process.env, LD_LIBRARY_PATH: libraries },
      stdio: ['ignore', 'pipe', 'pipe'],
      maxBuffer: 64 * 1024 * 1024,
    });

  const hash = createHash('sha256');
  for (const file of OURS) hash.update(readFileSync(file));
  const directory = join(cache, `policy-${hash.digest('hex').slice(0, 16)}`);
  const binary = join(directory, 'policy');
  const contexts = join(directory, 'file_contexts');
  if (!existsSync(contexts)) {
    mkdirSync(directory, { recursive: true });
    const sources = MODULES.map((name) => {
      const module = join(directory, `${name}.pp`);
      const packed = join(packages, 'usr/share/selinux/default', `${name}.pp.bz2`);
      writeFileSync(module, execFileSync('/bin/busybox', ['bzcat', packed], { maxBuffer: 64 * 1024 * 1024 }));
      const source = join(directory, `${name}.cil`);
      writeFileSync(source, tool('usr/libexec/selinux/hll/pp', [module]).replaceAll(FOR_THE_STORE, ''));
      return source;
    });
    tool('usr/bin/secilc', ['-c', '33', '-o', binary, '-f', `${contexts}.new`, ...sources, ...OURS]);
    writeFileSync(contexts, readFileSync(`${contexts}.new`));
  }
  const setfiles = join(packages, 'sbin/setfiles');
  return { binary, contexts, setfiles, packages, label: (of) => void tool('sbin/setfiles', ['-r', of, contexts, of]) };
}
