// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Plan } from '../../src/runtime/plan/spec.ts';
import { cannotRun, Secure } from '../support/secure.ts';

describe.skipIf(cannotRun())('secure run --dry-run', () => {
  let secure: Secure;
  beforeAll(async () => {
    secure = await Secure.create();
    writeFileSync(join(secure.root, 'secure.yaml'), 'profile: default\n');
  });
  afterAll(() => secure.destroy());
  const plan = async (...argv: string[]): Promise<Plan> => {
    const { stdout } = await secure.run('run', '--dry-run', '--json', ...argv);
    return JSON.parse(stdout) as Plan;
  };

  it('prints what would run and why, and does nothing', async () => {
    const state = join(secure.root, 'state');
    const before = readdirSync(state);
    const { code, stdout, stderr } = await secure.run(
      'run',
      '--dry-run',
      '-v',
      './secure.yaml:/srv/c',
      'busybox',
      'echo',
      'a b',
    );
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^image: +localhost\/busybox:latest \(imported, sha256:[0-9a-f]{64}\)$/m);
    expect(stdout).toMatch(/^profile: +default \(.*secure\.yaml\)$/m);
    expect(stdout).toMatch(/^command: +echo 'a b'$/m);
    expect(stdout).toMatch(/^bind: .*secure\.yaml on \/srv\/c \(.*ro.*\)$/m);
    expect(stdout).toMatch(/^\+ no-new-privileges .*builtin:default:\d+\]$/m);
    expect(readdirSync(state)).toEqual(before);
    expect(await secure.containers()).toEqual([]);
  });

  it('as JSON is the plan itself, the same every time', async () => {
    const first = await plan('busybox', 'true');
    expect(first.process.args).toEqual(['true']);
    expect(first.secure.reasons.length).toBeGreaterThan(10);
    expect(await plan('busybox', 'true')).toEqual(first);
  });

  it('lists everything it was decided from', async () => {
    const { inputs } = (await plan('--env', 'UNSET_HERE', 'busybox')).secure;
    const kinds = (kind: string) => inputs.filter((input) => input.kind === kind);
    expect(kinds('content')).toContainEqual(expect.objectContaining({ path: join(secure.root, 'secure.yaml') }));
    expect(kinds('env')).toEqual(
      expect.arrayContaining([
        { kind: 'env', name: 'SECURE_PROFILE', value: null },
        { kind: 'env', name: 'UNSET_HERE', value: null },
      ]),
    );
    const reference = createHash('sha256').update('localhost/busybox:latest').digest('hex');
    expect(kinds('file')).toContainEqual(
      expect.objectContaining({ path: join(secure.root, 'state', 'references', `${reference}.json`) }),
    );
    const facts = new Map(kinds('host').map((input) => (input.kind === 'host' ? [input.fact, input.value] : ['', ''])));
    expect(facts.get('bootId')).toBe(readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim());
    expect([...facts.keys()]).toEqual(
      expect.arrayContaining(['landlockAbi', 'cgroup', 'lsms', 'kernelRelease', 'hardLimits']),
    );
  });

  it('records the names that were looked for first', async () => {
    const { code, stdout } = await secure.run(
      'image',
      'import',
      join(secure.root, 'layout'),
      '--name',
      'docker.io/library/far:latest',
    );
    expect([code, stdout !== '']).toEqual([0, true]);
    const { inputs } = (await plan('far')).secure;
    const local = createHash('sha256').update('localhost/far:latest').digest('hex');
    expect(inputs).toContainEqual({ kind: 'absent', path: join(secure.root, 'state', 'references', `${local}.json`) });
  });

  it('is the plan that is run: the same, kept for the owner alone', async () => {
    expect((await secure.run('run', '--rm', 'busybox', 'true')).code).toBe(0);
    const directory = join(secure.root, 'state', 'plans');
    const [name = ''] = readdirSync(directory);
    expect(name).toMatch(/^[0-9a-f]{64}\.json$/);
    expect(statSync(join(directory, name)).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(join(directory, name), 'utf8'))).toEqual(await plan('--rm', 'busybox', 'true'));
  });

  it('--explain tells the reasons on stderr and runs', async () => {
    const { code, stdout, stderr } = await secure.run('run', '--rm', '--explain', 'busybox', 'echo', 'ran');
    expect([code, stdout]).toEqual([0, 'ran\n']);
    expect(stderr).toContain('no-new-privileges');
  });
});
