// SPDX-License-Identifier: Apache-2.0
// A container started through Node and one started by the runtime from the stored plan cannot be told apart.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runtimeBinary } from '../../src/runtime/binary.ts';
import { planOf, storePlan } from '../support/plan.ts';
import { cannotRun, Secure } from '../support/secure.ts';

const SCRIPT = `
grep -Ev '^(State|Pid|Tgid|Ngid|NSpid|NStgid|NSpgid|NSsid|Vm|Rss|Hugetlb|voluntary|nonvoluntary|Uid|Gid|Mems_allowed:|Groups|x86_Thread|CoreDumping)' /proc/1/status
cat /proc/1/limits /proc/1/oom_score_adj /proc/1/cgroup
for fd in /proc/1/fd/*; do n=\${fd##*/}; [ $n -lt 3 ] && echo $n $(readlink $fd | sed 's/:.*//') $(grep flags /proc/1/fdinfo/$n); done
set -- /proc/1/fd/*; echo $#
tr '\\0' '\\n' < /proc/1/environ | sed 's/^HOSTNAME=.*/HOSTNAME=/'
cat /proc/1/sched | grep -E 'policy|prio'; umask; ulimit -a
`;

describe.skipIf(cannotRun()).each(['default', 'strict'])('warm and cold starts are equal under %s', (profile) => {
  let secure: Secure;
  beforeAll(async () => {
    secure = await Secure.create();
  });
  afterAll(() => secure.destroy());

  it.each([
    ['with pipes', false],
    ['with a terminal', true],
  ])('%s', async (_, tty) => {
    const args = ['--rm', ...(tty ? ['-t'] : []), '--profile', profile, '--trust', 'busybox', 'sh', '-c', SCRIPT];
    const plan = storePlan(secure, await planOf(secure, ...args));
    const cold = tty ? await secure.terminal('run', ...args) : await secure.run('run', ...args);
    const quoted = `'${runtimeBinary()}' launch '${plan}'`;
    // The same kinds of streams for both; the runtime gets them from a shell instead of from Node.
    const warm = tty
      ? execFileSync('script', ['-qec', quoted, '/dev/null'], { env: secure.env, encoding: 'utf8' })
      : execFileSync(runtimeBinary(), ['launch', plan], { env: secure.env, encoding: 'utf8' });
    expect(cold.code).toBe(0);
    expect(cold.stdout.length).toBeGreaterThan(1000);
    expect(warm).toBe(cold.stdout);
    expect(cold.stdout).not.toContain('SECURE_');
  });

  it('no signal is ignored or blocked, which Node would have left', async () => {
    const { stdout } = await secure.run(
      'run',
      '--rm',
      '--profile',
      profile,
      '--trust',
      'busybox',
      'grep',
      '^Sig[BI]',
      '/proc/self/status',
    );
    expect(stdout).toBe('SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n');
  });

  it('whatever dispositions, mask, descriptors and variables the starter has', async () => {
    const args = ['--rm', '--profile', profile, '--trust', 'busybox', 'sh', '-c', SCRIPT];
    const plan = storePlan(secure, await planOf(secure, ...args));
    const plain = execFileSync(runtimeBinary(), ['launch', plan], { env: secure.env, encoding: 'utf8' });
    const odd = execFileSync(
      'bash',
      [
        '-c',
        `trap '' PIPE XFSZ HUP USR1; exec 7</etc/passwd 8>/dev/null; umask 077; exec '${runtimeBinary()}' launch '${plan}'`,
      ],
      { env: { ...secure.env, LD_PRELOAD: '', SECRET: 'x' }, encoding: 'utf8' },
    );
    expect(odd).toBe(plain);
  });

  it('a plan that somebody else could write is refused', async () => {
    const plan = storePlan(secure, await planOf(secure, '--rm', '--profile', profile, '--trust', 'busybox', 'true'));
    execFileSync('chmod', ['g+w', plan]);
    expect(readFileSync(plan, 'utf8')).toContain('"secure"');
    expect(() => execFileSync(runtimeBinary(), ['launch', plan], { env: secure.env, stdio: 'pipe' })).toThrow(
      /PLAN_UNTRUSTED/,
    );
  });
});
