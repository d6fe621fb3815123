// SPDX-License-Identifier: Apache-2.0
// `make bench`: everything side by side, in one run. Needs root.
// In a mount namespace of its own: see leaveHybrid.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { leaveHybrid } from './cgroups.ts';

if (process.argv[2] !== '--inside') {
  const self = join(import.meta.dirname, 'run.ts');
  const result = spawnSync('unshare', ['--mount', '--propagation', 'private', process.execPath, self, '--inside'], {
    stdio: 'inherit',
  });
  process.exit(result.status ?? 1);
}
leaveHybrid();
// podman and crun ask for more than this machine's hard limits allow them to keep.
const { compare } = await import('./compare.ts');
compare();

/** The image comes from the Debian archives; after that nothing from outside is needed. */
function compareNetworks(): number {
  const directory = mkdtempSync(join(tmpdir(), 'secure-bench-net-'));
  try {
    const env = {
      ...process.env,
      SECURE_STATE_ROOT: join(directory, 'state'),
      SECURE_RUN_ROOT: join(directory, 'run'),
    };
    const secure = join(import.meta.dirname, '../bin/secure');
    execFileSync(secure, ['image', 'debian', 'nginx-light', '--name', 'nginx'], { stdio: 'ignore', env });
    const inside = ['--net', '--mount', '--propagation', 'private', process.execPath];
    const script = join(import.meta.dirname, 'network.ts');
    return spawnSync('unshare', [...inside, script, directory], { stdio: 'inherit' }).status ?? 1;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
process.exitCode = compareNetworks();
