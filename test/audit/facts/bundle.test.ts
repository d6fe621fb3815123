// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { CHECKS } from '../../../src/audit/checks/index.ts';
import { collectBundle } from '../../../src/audit/facts/bundle.ts';
import { results } from '../../../src/audit/run.ts';

const bundle = (change: object) => ({
  ociVersion: '1.2.0',
  process: { args: ['sh'], cwd: '/', user: { uid: 0, gid: 0 }, capabilities: { bounding: ['CAP_KILL'] } },
  root: { path: 'rootfs' },
  ...change,
});
const failed = (config: unknown) =>
  results(CHECKS.container, collectBundle(config, 'config.json')).flatMap(({ check, verdict }) =>
    verdict.status === 'fail' ? [check.id] : [],
  );

describe('the config.json of a bundle', () => {
  it('has every capability where it does not say which', () => {
    expect(collectBundle(bundle({}), 'c').plan?.capabilities).toEqual(['CAP_KILL']);
    const without = bundle({ process: { args: ['sh'], user: { uid: 0 } } });
    expect(collectBundle(without, 'c').plan?.capabilities).toContain('CAP_SYS_ADMIN');
    expect(failed(without)).toContain('SEC-CONTAINER-0001');
    expect(failed(bundle({}))).not.toContain('SEC-CONTAINER-0001');
  });

  it.each([
    [{ linux: { seccomp: 'SCMP_ACT_ALLOW' } }, 'linux.seccomp must be a mapping'],
    [{ process: { capabilities: { bounding: 'CAP_SYS_ADMIN' } } }, 'process.capabilities.bounding must be a list'],
    [{ process: { capabilities: ['CAP_SYS_ADMIN'] } }, 'process.capabilities.0 must be a list'],
    [{ process: { user: { uid: '0' } } }, 'process.user.uid must be a whole number'],
    [{ process: { noNewPrivileges: 'true' } }, 'process.noNewPrivileges must be true or false'],
    [{ mounts: { source: '/' } }, 'mounts.source must be a mapping'],
    [{ mounts: [{ source: 7 }] }, 'mounts.0.source must be text'],
    [
      { linux: { resources: { devices: [{ allow: 'yes' }] } } },
      'linux.resources.devices.0.allow must be true or false',
    ],
    [{ process: undefined }, 'it has no process'],
    [{ ociVersion: '' }, 'it has no ociVersion'],
  ])('%j is an error, and passes nothing', (change, message) => {
    expect(() => collectBundle(bundle(change), 'config.json')).toThrow(message);
  });

  it.each([[null], [7], ['x'], [[]]])('%j is none', (config) => {
    expect(() => collectBundle(config, 'config.json')).toThrow(/config\.json: /);
  });
});
