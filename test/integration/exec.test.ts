// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cannotRun, errorCode, Secure } from '../support/secure.ts';

describe.skipIf(cannotRun())('secure exec', () => {
  let secure: Secure;
  beforeAll(async () => {
    secure = await Secure.create();
    await secure.detached('--name', 'box', '-e', 'OWN=1', 'busybox', 'sleep', '600');
    await secure.detached('--name', 'hard', '--profile', 'strict', '--trust', 'busybox', 'sleep', '600');
    await secure.detached('--name', 'over', 'busybox', 'true');
    await secure.run('wait', 'over');
  });
  afterAll(() => secure.destroy());

  it.each<[string, string[], number]>([
    ['0', ['true'], 0],
    ['that of the command', ['sh', '-c', 'exit 7'], 7],
    ['126', ['/etc/not-executable'], 126],
    ['127', ['no-such-program'], 127],
    ['128+n', ['sh', '-c', 'kill -9 $$'], 137],
  ])('exit code %s', async (_, command, code) => {
    expect((await secure.run('exec', 'box', ...command)).code).toBe(code);
  });

  it('ends with its program, though what that left behind writes on', async () => {
    for (const writer of ['yes', '(while sleep 0.2; do echo x; done)'])
      expect((await secure.run('exec', 'box', 'sh', '-c', `${writer} & exit 3`)).code).toBe(3);
  });

  it('splits at the container: what follows belongs to the command', async () => {
    const { stdout } = await secure.run('exec', 'box', 'echo', '-n', '--json', '--', '-it');
    expect(stdout).toBe('--json -- -it');
  });

  it('has the environment of the container and its own', async () => {
    const { stdout } = await secure.run(
      'exec',
      '-e',
      'MORE=2',
      '-w',
      '/tmp',
      'box',
      'sh',
      '-c',
      'echo $OWN $MORE $FROM_IMAGE; pwd',
    );
    expect(stdout).toBe('1 2 1\n/tmp\n');
  });

  it.each<[string, string]>([
    ['web', '33:34'],
    ['33', '33:34'],
    ['5:6', '5:6'],
    ['1000', '1000:0'],
    ['web:extra', '33:50'],
  ])('-u %s is %s', async (user, ids) => {
    expect((await secure.run('exec', '-u', user, 'box', 'sh', '-c', 'echo $(id -u):$(id -g)')).stdout.trim()).toBe(ids);
  });

  // CVE-2026-30892: what cannot be read is an error, never root.
  it.each(['', '1000:', ':1000', '5:x', '-1', '4294967296', ' 1', '0x1', '1:2:3', 'nobody-here', '65536'])(
    '-u %j is refused',
    async (user) => {
      const result = await secure.run('exec', '-u', user, 'box', 'id', '-u');
      expect([result.code, result.stdout]).toEqual([125, '']);
      expect(errorCode(result)).toMatch(/^USER_(INVALID|NOT_FOUND)$/);
    },
  );

  it.each(['0', 'root', '0:5', '5:0'])('-u %s is refused where the profile keeps root out', async (user) => {
    const result = await secure.run('exec', '-u', user, 'hard', 'id', '-u');
    expect([result.code, errorCode(result)]).toEqual([125, 'POLICY_DENIED']);
  });

  it('is confined as the container is', async () => {
    const status = 'grep -E "^(Cap|NoNewPrivs|Seccomp)" /proc/self/status';
    for (const name of ['box', 'hard']) {
      const inside = (await secure.run('exec', name, 'sh', '-c', status)).stdout;
      const init = (await secure.run('exec', name, 'sh', '-c', status.replace('self', '1'))).stdout;
      expect(inside).toBe(init);
      expect(inside).toMatch(/NoNewPrivs:\s1\nSeccomp:\s2/);
    }
  });

  it('reads stdin with -i, has a terminal with -t, and returns at once with -d', async () => {
    expect((await secure.call(['exec', '-i', 'box', 'cat'], { input: 'x' })).stdout).toBe('x');
    expect((await secure.terminal('exec', '-it', 'box', 'tty')).stdout).toContain('/dev/pts/');
    const started = Date.now();
    expect((await secure.run('exec', '-d', 'box', 'sleep', '30')).code).toBe(0);
    expect(Date.now() - started).toBeLessThan(15_000);
  });

  it.each<[string[], string]>([
    [['exec'], 'MISSING_ARGUMENT'],
    [['exec', 'box'], 'MISSING_ARGUMENT'],
    [['exec', '', 'true'], 'MISSING_ARGUMENT'],
    [['exec', 'nobody', 'true'], 'NO_SUCH_CONTAINER'],
    [['exec', '../box', 'true'], 'NO_SUCH_CONTAINER'],
    [['exec', '--', '--force', 'true'], 'NO_SUCH_CONTAINER'],
    [['exec', 'over', 'true'], 'CONTAINER_NOT_RUNNING'],
    [['exec', '-w', 'tmp', 'box', 'true'], 'INVALID_VALUE'],
    [['exec', '--rm', 'box', 'true'], 'UNKNOWN_FLAG'],
  ])('%j is %s', async (argv, code) => {
    const result = await secure.run(...argv);
    expect([result.code, errorCode(result)]).toEqual([125, code]);
  });
});
