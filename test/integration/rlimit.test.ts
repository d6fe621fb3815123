// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cannotRun, Secure } from '../support/secure.ts';

describe.skipIf(cannotRun())('limits of a process', () => {
  let secure: Secure;
  beforeAll(async () => {
    secure = await Secure.create();
  });
  afterAll(() => secure.destroy());

  // A number just below would be the limit that is set, shown, and compared with.
  it('a hard limit that stays unlimited is unlimited inside', async () => {
    const { code, stdout, stderr } = await secure.run(
      'run',
      '--rm',
      '--ulimit',
      'cpu=60:-1',
      'busybox',
      'grep',
      'Max cpu time',
      '/proc/self/limits',
    );
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout.split(/\s{2,}/).slice(0, 3)).toEqual(['Max cpu time', '60', 'unlimited']);
  });

  it('and the kernel says so of the live process', async () => {
    const id = await secure.detached('--ulimit', 'cpu=60:-1', 'busybox', 'sleep', '60');
    const { stdout } = await secure.run('inspect', '--enforced', '--json', id);
    const { controls } = JSON.parse(stdout) as { controls: { control: string }[] };
    expect(controls.find(({ control }) => control === 'rlimit-cpu')).toMatchObject({
      planned: '60:unlimited',
      actual: '60:unlimited',
      inForce: true,
    });
  });
});
