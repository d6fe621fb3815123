// SPDX-License-Identifier: Apache-2.0
// Settings that last: whatever other files say, a start gives the value that was asked for.
import { describe, expect, it } from 'vitest';
import { type SysctlFile, sysctlChanges } from '../../../src/audit/fix/sysctl-files.ts';

const NAME = 'kernel.sysrq';
const wanted = [{ name: NAME, value: '0', id: 'SEC-HOST-0059' }];
const CONF = '/etc/sysctl.conf';
const file = (path: string, text: string): SysctlFile => ({ path, text });
const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** The value after a start, where /etc/sysctl.conf is read last (procps), or not at all (systemd). */
function started(files: readonly SysctlFile[], conf: boolean): string | undefined {
  const read = files
    .filter(({ path }) => path !== CONF)
    .toSorted((a, b) => (nameOf(a.path) < nameOf(b.path) ? -1 : 1))
    .concat(conf ? files.filter(({ path }) => path === CONF) : []);
  const values = read.flatMap(({ text }) => [...text.matchAll(/^-?kernel[./]sysrq[ \t]*=[ \t]*(\S+)/gm)]);
  return values.at(-1)?.[1];
}

describe.each([
  ['nothing', []],
  ['an earlier file', [file('/usr/lib/sysctl.d/50-default.conf', '-kernel.sysrq = 16\n')]],
  ['a later file', [file('/etc/sysctl.d/90-own.conf', `# mine\n${NAME} = 1\n`)]],
  ['a file of the name that systemd has for sysctl.conf', [file('/etc/sysctl.d/99-sysctl.conf', `${NAME}=1\n`)]],
  ['the latest that somebody would think of', [file('/etc/sysctl.d/zz-last.conf', 'kernel/sysrq=1\n')]],
  ['sysctl.conf', [file(CONF, `a.b = 1\n# ${NAME} = 1\n${NAME}\t=  1\nc.d=2\n`)]],
  ['an old file of ours', [file('/etc/sysctl.d/60-secure.conf', `# kept\n${NAME} = 1\n`)]],
  [
    'several',
    [
      file('/etc/sysctl.d/60-secure.conf', `${NAME} = 16`),
      file('/etc/sysctl.d/99-z.conf', `${NAME} = 1\r\n`),
      file(CONF, `${NAME} = 1\n`),
    ],
  ],
] as const)('where %s says otherwise', (_, files) => {
  const changes = sysctlChanges(files, wanted);
  const after = [
    ...files.filter(({ path }) => !changes.some((change) => change.path === path)),
    ...changes.map(({ path, after: text }) => ({ path, text })),
  ];

  it.each([true, false])('the next start gives the value (sysctl.conf is read: %s)', (conf) => {
    expect(started(after, conf)).toBe('0');
  });

  it('nothing but these settings is changed', () => {
    for (const { path, before, after: text } of changes) {
      expect(before).toBe(files.find((one) => one.path === path)?.text ?? null);
      const lines = text.split('\n');
      for (const line of (before ?? '').split('\n'))
        if (!/^-?kernel[./]sysrq/.test(line) && line !== '') expect(lines).toContain(line);
    }
  });

  it('a second time changes nothing', () => {
    const sorted = after.toSorted((a, b) =>
      a.path === CONF ? 1 : b.path === CONF ? -1 : nameOf(a.path) < nameOf(b.path) ? -1 : 1,
    );
    expect(sysctlChanges(sorted, wanted)).toEqual([]);
  });
});

it('what is so already is not written again', () => {
  expect(sysctlChanges([file('/etc/sysctl.d/10-a.conf', `${NAME}=0\n`)], wanted)).toEqual([]);
});

it('a drop-in says which check asks', () => {
  const [change] = sysctlChanges([], wanted);
  expect(change).toMatchObject({ path: '/etc/sysctl.d/60-secure.conf', before: null });
  expect(change?.after.split('\n').slice(1)).toEqual(['# SEC-HOST-0059', 'kernel.sysrq = 0', '']);
});
