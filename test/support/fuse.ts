// SPDX-License-Identifier: Apache-2.0
// A file system that a user mounts by a program (FUSE), which only he may ask.
import { execFileSync } from 'node:child_process';
import { onTestFinished } from 'vitest';

/** On a directory, until the test ends. Nobody serves it: the kernel refuses others before it asks. */
export function mountFuse(directory: string, uid: number): void {
  const mount = 'exec 3<>/dev/fuse; mount -i -t fuse -o "fd=3,rootmode=40000,user_id=$2,group_id=$2" fuse "$1"';
  execFileSync('bash', ['-c', mount, 'bash', directory, String(uid)]);
  onTestFinished(() => {
    execFileSync('umount', ['-i', '-l', directory]);
  });
}
