// SPDX-License-Identifier: Apache-2.0
// The guest's disk: busybox, our programs with the libraries they need, and the tests. One image serves all forms; each guest
// writes to a throw-away copy.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { FORMS } from './forms.ts';
import type { Kernel } from './packages.ts';
import { formPlan, type TestFile } from './plan.ts';

const root = join(import.meta.dirname, '../..');
/** Kernel modules that the guest's init loads, in this order. */
const MODULES = ['fs/overlayfs/overlay.ko', 'drivers/block/loop.ko'];

/** Files that `program` is linked with, by the paths the loader will look for. */
function libraries(program: string): string[] {
  const text = execFileSync('ldd', [program], { encoding: 'utf8' });
  return [...text.matchAll(/(?:=> |^\s*)(\/\S+)/gm)].map((match) => match[1] ?? '');
}

function put(staging: string, source: string, target = source): void {
  mkdirSync(dirname(join(staging, target)), { recursive: true });
  cpSync(source, join(staging, target), { dereference: true, recursive: true });
}

function putProgram(staging: string, source: string, target: string): void {
  put(staging, source, target);
  for (const library of libraries(source)) put(staging, library);
}

/** Make the disk in `directory`. @returns its path. */
export function makeDisk(directory: string, kernel: Kernel, files: readonly TestFile[]): string {
  const staging = join(directory, 'root');
  rmSync(staging, { recursive: true, force: true });
  for (const name of ['bin', 'dev', 'etc', 'lab/plan', 'proc', 'root', 'run', 'sys', 'tmp', 'usr/bin', 'var/lib'])
    mkdirSync(join(staging, name), { recursive: true });
  put(staging, '/bin/busybox');
  for (const name of execFileSync('/bin/busybox', ['--list'], { encoding: 'utf8' }).trim().split('\n'))
    if (name !== 'busybox') symlinkSync('busybox', join(staging, 'bin', name));
  writeFileSync(join(staging, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n');
  writeFileSync(join(staging, 'etc/group'), 'root:x:0:\nnogroup:x:65534:\n');

  put(staging, join(root, 'build/release/secure-runtime'), 'usr/bin/secure-runtime');
  putProgram(staging, join(root, 'build/release/core_tests'), 'lab/core_tests');
  for (const name of MODULES) put(staging, join(kernel.modules, name), `lab/modules/${name.split('/').pop()}`);
  put(staging, join(import.meta.dirname, 'guest'), 'lab/guest');
  for (const form of FORMS) writeFileSync(join(staging, 'lab/plan', form), `${formPlan(files, form).join('\n')}\n`);

  const disk = join(directory, 'disk.img');
  rmSync(disk, { force: true });
  writeFileSync(disk, '');
  truncateSync(disk, 512 * 1024 * 1024);
  // Without a journal and with tables left for later, as it lives for a minute.
  const options = [
    '-q',
    '-F',
    '-t',
    'ext4',
    '-O',
    '^has_journal',
    '-E',
    'lazy_itable_init=1,root_owner=0:0',
    '-m',
    '0',
  ];
  execFileSync('mke2fs', [...options, '-d', staging, disk], {
    env: { ...process.env, PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin` },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return disk;
}
