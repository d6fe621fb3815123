// SPDX-License-Identifier: Apache-2.0
// A machine made of facts: the file tree from which its collector reads them again.
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, lstatSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Sysctl, sysctlPath } from '../../src/audit/facts/host/sysctls.ts';
import { Tree } from '../../src/audit/facts/host/tree.ts';
import type { HostFacts } from '../../src/audit/facts/host.ts';
import { sysctlFiles } from '../../src/audit/fix/sysctl-files.ts';

function put(root: string, path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

/** What facts of the kernel's settings, files, docker and auditd say. Needs root. */
export function writeHost(root: string, facts: HostFacts): void {
  put(root, '/proc/sys/kernel/osrelease', `${facts.kernel.release ?? '6.1.0'}\n`);
  for (const [name, value] of Object.entries(facts.kernel.sysctls ?? {}))
    if (value !== null) put(root, sysctlPath(name as Sysctl), `${value}\n`);
  if (facts.docker.program !== null) put(root, facts.docker.program, '');
  const settings = Object.entries(facts.docker.settings).map(([name, setting]) => [name, setting?.value]);
  put(root, facts.docker.config, `${JSON.stringify(Object.fromEntries(settings), null, 2)}\n`);
  const options = Object.entries(facts.kernel.config ?? {}).filter(([, value]) => value !== undefined);
  const built = options.map(([name, value]) => `CONFIG_${name}=${value}\n`).join('');
  put(root, `/boot/config-${facts.kernel.release ?? '6.1.0'}`, built);
  const barred = (facts.system.barredModules ?? []).map((name) => `install ${name} /bin/false\n`);
  put(root, '/etc/modprobe.d/10-own.conf', barred.join(''));
  if (facts.auditd.installed)
    put(root, '/etc/audit/rules.d/10-own.rules', facts.auditd.watches.map((path) => `-w ${path} -p wa\n`).join(''));
  for (const { file, entry } of facts.programs?.relative ?? []) put(root, file, `PATH=/usr/bin:${entry}\n`);
  const sockets: string[] = [];
  for (const [path, file] of Object.entries(facts.files)) {
    if (file === null) continue;
    const place = join(root, path);
    if (lstatSync(place, { throwIfNoEntry: false }) === undefined) {
      mkdirSync(file.type === 'directory' ? place : dirname(place), { recursive: true });
      if (file.type === 'file') writeFileSync(place, '');
      if (file.type === 'socket') sockets.push(place);
    }
  }
  const make = 'import os, stat, sys\nfor path in sys.argv[1:]: os.mknod(path, stat.S_IFSOCK | 0o600)';
  execFileSync('python3', ['-c', make, ...sockets]);
  put(root, '/etc/passwd', 'root:x:0:0:root:/root:/bin/sh\n');
  put(root, '/etc/group', `root:x:0:\n${facts.dockerGid == null ? '' : `docker:x:${facts.dockerGid}:\n`}`);
  // Last, and the deepest first: a directory may be closed.
  for (const [path, file] of Object.entries(facts.files).sort(([a], [b]) => b.length - a.length)) {
    if (file === null) continue;
    chownSync(join(root, path), file.uid, file.gid);
    chmodSync(join(root, path), file.mode);
  }
}

/** What a start does: the settings of sysctl.d, one after the other, into its /proc/sys. */
export function startHost(root: string): void {
  const tree = new Tree(root);
  try {
    for (const { text } of sysctlFiles(tree))
      for (const line of text.split('\n')) {
        const [, name, value] = /^\s*-?\s*([a-z][\w./]*)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
        if (name !== undefined) put(root, sysctlPath(name as Sysctl), `${value}\n`);
      }
  } finally {
    tree.close();
  }
}
