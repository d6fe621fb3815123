// SPDX-License-Identifier: Apache-2.0
// `make bench`: everything side by side, in one run. Needs root.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isHybrid, isV1, leaveHybrid, onlyV2, runAlone } from './cgroups.ts';

const self = join(import.meta.dirname, 'run.ts');
const { compare } = await import('./compare.ts');

if (process.argv[2] === 'v1') {
  leaveHybrid();
  compare(isV1() ? 'cgroup v1' : 'cgroup v2', true);
  process.exitCode =
    compareNetworks() ||
    runAlone(join(import.meta.dirname, 'pull.ts'), []) ||
    runAlone(join(import.meta.dirname, 'build.ts'), []) ||
    runAlone(join(import.meta.dirname, 'signatures.ts'), []) ||
    runAlone(join(import.meta.dirname, 'policy.ts'), []) ||
    runAlone(join(import.meta.dirname, 'engines.ts'), []) ||
    runAlone(join(import.meta.dirname, 'audit.ts'), []);
} else if (process.argv[2] === 'v2') {
  onlyV2();
  compare('cgroup v2', false);
} else {
  process.exitCode = (isHybrid() ? runAlone(self, ['v2']) : 0) || runAlone(self, ['v1']);
}

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
    return runAlone(join(import.meta.dirname, 'network.ts'), [directory], ['--net']);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
