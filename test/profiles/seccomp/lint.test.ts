// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { lintSeccomp, type OciSeccomp, type SeccompRule } from '../../../src/profiles/seccomp/index.ts';

const START: SeccompRule = { names: ['execve', 'exit_group'], action: 'SCMP_ACT_ALLOW' };
const refusing = (...rules: SeccompRule[]): OciSeccomp => ({
  defaultAction: 'SCMP_ACT_ERRNO',
  syscalls: [START, ...rules],
});
const allowing = (...rules: SeccompRule[]): OciSeccomp => ({ defaultAction: 'SCMP_ACT_ALLOW', syscalls: rules });
const brief = (profile: OciSeccomp) => lintSeccomp(profile).map(({ id, severity, at }) => `${severity} ${id} ${at}`);

describe('lintSeccomp', () => {
  it('finds a 64-bit comparison that an upper bit passes', () => {
    const above: SeccompRule = {
      names: ['socket'],
      action: 'SCMP_ACT_ALLOW',
      args: [{ index: 0, value: 40, op: 'SCMP_CMP_GT' }],
    };
    expect(brief(refusing(above))).toEqual(['error wide-compare /syscalls/1/args/0']);
    const equal: SeccompRule = {
      names: ['ioctl'],
      action: 'SCMP_ACT_ERRNO',
      args: [{ index: 1, value: 0x5412, op: 'SCMP_CMP_EQ' }],
    };
    expect(brief(allowing(equal))).toEqual(['error wide-compare /syscalls/0/args/0']);
  });

  it('only warns where the upper bits refuse, and accepts masks and wide arguments', () => {
    const args = [{ index: 0, value: 1, op: 'SCMP_CMP_EQ' }] as const;
    expect(brief(refusing({ names: ['socket'], action: 'SCMP_ACT_ALLOW', args }))).toEqual([
      'warning wide-compare /syscalls/1/args/0',
    ]);
    expect(brief(refusing({ names: ['munmap'], action: 'SCMP_ACT_ALLOW', args }))).toEqual([]);
    const masked = [{ index: 0, value: 0xffffffff, valueTwo: 40, op: 'SCMP_CMP_MASKED_EQ' }] as const;
    expect(brief(allowing({ names: ['socket'], action: 'SCMP_ACT_ERRNO', args: masked }))).toEqual([]);
  });

  it('finds names that do not exist: a refusal of one is an error', () => {
    expect(brief(refusing({ names: ['read', 'raed'], action: 'SCMP_ACT_ALLOW' }))).toEqual([
      'warning unknown-name /syscalls/1/names/1',
    ]);
    expect(brief(allowing({ names: ['mont'], action: 'SCMP_ACT_ERRNO' }))).toEqual([
      'error unknown-name /syscalls/0/names/0',
    ]);
  });

  it('finds profiles that decide nothing', () => {
    expect(brief({ defaultAction: 'SCMP_ACT_ERRNO', syscalls: [] })).toEqual(['error denies-everything /syscalls']);
    expect(brief({ defaultAction: 'SCMP_ACT_ALLOW', syscalls: [] })).toEqual([
      'error allows-everything /defaultAction',
    ]);
  });

  it('finds rules that never count, and conditions that other runtimes read differently', () => {
    const part: SeccompRule = {
      names: ['munmap'],
      action: 'SCMP_ACT_KILL_PROCESS',
      args: [
        { index: 0, value: 1, op: 'SCMP_CMP_GE' },
        { index: 0, value: 9, op: 'SCMP_CMP_LE' },
      ],
    };
    expect(brief(refusing({ names: ['munmap'], action: 'SCMP_ACT_ALLOW' }, part))).toEqual([
      'warning repeated-argument /syscalls/2/args/1',
      'error shadowed-rule /syscalls/2',
    ]);
  });
});
