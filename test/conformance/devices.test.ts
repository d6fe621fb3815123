// SPDX-License-Identifier: Apache-2.0
// runtime-spec config-linux.md#devices and #default-devices.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Bundle, type Config } from '../support/bundle.ts';
import { mountAt } from '../support/mountinfo.ts';
import { cannotRun } from '../support/secure.ts';

interface Node {
  path: string;
  type: string;
  major?: number;
  minor?: number;
  fileMode?: number;
  uid?: number;
  gid?: number;
}

/** Root inside is a user of the host that owns nothing. */
const inUserNamespace = (config: Config) => {
  config.linux.namespaces.push({ type: 'user' });
  for (const name of ['uidMappings', 'gidMappings'])
    config.linux[name] = [{ containerID: 0, hostID: 100_000, size: 65_536 }];
};

describe.skipIf(cannotRun())('config-linux.md', () => {
  let bundle: Bundle;
  beforeEach(() => {
    bundle = new Bundle();
    // Root of the user namespace has to be able to make mount points.
    bundle.giveTo(100_000);
  });
  afterEach(() => bundle.remove());
  const stat = ['stat', '-c', '%n %F %t:%T %a %u:%g'];

  describe.each([
    ['without', () => {}],
    ['with', inUserNamespace],
  ])('%s a user namespace', (_, namespaces) => {
    const run = (args: string[], nodes: Node[], change: (config: Config) => void = () => {}) => {
      const { code, stdout, stderr } = bundle.run(args, (config) => {
        namespaces(config);
        config.linux.devices = nodes;
        change(config);
      });
      return { code, stdout, stderr };
    };
    const owned = (uid: number) => (namespaces === inUserNamespace ? 65_534 : uid);

    it('#default-devices: the runtime MUST supply null, zero, full, random, urandom, tty', () => {
      const names = ['null', 'zero', 'full', 'random', 'urandom', 'tty'].map((name) => `/dev/${name}`);
      const seen = run([...stat, ...names], [])
        .stdout.trim()
        .split('\n');
      const numbers = ['1:3', '1:5', '1:7', '1:8', '1:9', '5:0'];
      expect(seen).toHaveLength(6);
      seen.forEach((line, i) => {
        expect(line).toContain(`${names[i]} character special file ${numbers[i]} 666 ${owned(0)}:`);
      });
      expect(run(['sh', '-c', 'echo x > /dev/null && cat /dev/null'], []).code).toBe(0);
    });

    it('#default-devices: /dev/ptmx is the container’s own, whatever the list says', () => {
      const pts = (config: Config) =>
        config.mounts.push({
          destination: '/dev/pts',
          type: 'devpts',
          source: 'devpts',
          options: ['newinstance', 'ptmxmode=0666', 'mode=620'],
        });
      const listed = [{ path: '/dev/ptmx', type: 'c', major: 5, minor: 2 }];
      for (const nodes of [[], listed])
        expect(run(['sh', '-c', 'readlink /dev/ptmx; stat -L -c %t:%T:%a /dev/ptmx'], nodes, pts).stdout).toBe(
          'pts/ptmx\n5:2:666\n',
        );
    });

    it('#devices: every listed one MUST be available, with its type, numbers, mode and owner', () => {
      const nodes = [
        { path: '/dev/mine', type: 'b', major: 1, minor: 5, fileMode: 0o157, uid: 10, gid: 11 },
        { path: '/dev/deep/er/zero', type: 'c', major: 1, minor: 5, fileMode: 0o640, uid: 3, gid: 4 },
        { path: '/elsewhere', type: 'u', major: 1, minor: 3 },
        { path: '/dev/pipe', type: 'p', fileMode: 0o660, uid: 1, gid: 2 },
        { path: '/dev/slash/', type: 'c', major: 1, minor: 3, fileMode: 0o20644 },
      ];
      const seen = run([...stat, '/dev/mine', '/dev/deep/er/zero', '/elsewhere', '/dev/pipe', '/dev/slash'], nodes);
      expect([seen.code, seen.stderr]).toEqual([0, '']);
      expect(seen.stdout).toBe(
        [
          '/dev/mine block special file 1:5 157 10:11',
          '/dev/deep/er/zero character special file 1:5 640 3:4',
          '/elsewhere character special file 1:3 666 0:0',
          '/dev/pipe fifo 0:0 660 1:2',
          '/dev/slash character special file 1:3 644 0:0',
          '',
        ].join('\n'),
      );
    });

    it('#devices: a listed default device replaces the default', () => {
      expect(
        run([...stat, '/dev/null'], [{ path: '/dev/null', type: 'c', major: 1, minor: 3, fileMode: 0o666 }]).stdout,
      ).toContain(' 1:3 666 ');
    });

    it('#devices: if another file exists at path, the runtime MUST generate an error', () => {
      const nodes = [{ path: '/file', type: 'c', major: 1, minor: 3 }];
      writeFileSync(join(bundle.rootfs, 'file'), 'mine');
      mkdirSync(join(bundle.rootfs, 'directory'));
      for (const path of ['/file', '/directory']) {
        const result = run(['cat', '/file'], [{ ...(nodes[0] as Node), path }]);
        expect(result).toMatchObject({ code: 1, stderr: expect.stringContaining('DEVICE_FAILED') });
      }
    });

    it('#devices: major and minor are REQUIRED unless type is p, and the type is one of four', () => {
      for (const node of [
        { path: '/dev/x', type: 'c', major: 1 },
        { path: '/dev/x', type: 'b' },
        { path: '/dev/x', type: 'x', major: 1, minor: 3 },
        { path: 'dev/x', type: 'c', major: 1, minor: 3 },
        { path: '/', type: 'c', major: 1, minor: 3 },
        { path: '/dev/x', type: 'c', major: -1, minor: 3 },
        { path: '/dev/x', type: 'c', major: 1, minor: 3, uid: 4294967295 },
      ])
        expect(run(['true'], [node])).toMatchObject({ code: 1, stderr: expect.stringContaining('/linux/devices/0') });
    });

    it('a bind on /dev brings its own nodes, which are left as they are', () => {
      const before = run([...stat, '/host/null', '/host/tty'], [], (config) =>
        config.mounts.push({ destination: '/host', type: 'bind', source: '/dev', options: ['rbind'] }),
      ).stdout;
      const result = run([...stat, '/dev/null', '/dev/tty'], [], (config) =>
        config.mounts.push({ destination: '/dev', type: 'bind', source: '/dev', options: ['rbind', 'rw'] }),
      );
      expect([result.code, result.stdout]).toEqual([0, before.replaceAll('/host/', '/dev/')]);
    });
  });

  it('a listed node can be made whatever the rules say, but opened only if they let it', () => {
    const open = (...rules: unknown[]) =>
      bundle.run(['sh', '-c', 'true < /dev/mine'], (config) => {
        config.linux.devices = [{ path: '/dev/mine', type: 'c', major: 10, minor: 237 }];
        config.linux.resources = { devices: [{ allow: false, access: 'rwm' }, ...rules] };
      });
    expect(open()).toMatchObject({ code: 1, stderr: expect.stringContaining('Operation not permitted') });
    expect(open({ allow: true, type: 'c', major: 10, minor: 237, access: 'r' }).stderr).not.toContain('permitted');
  });

  it('nodes bound into a user namespace are nosuid and noexec', () => {
    const { stdout } = bundle.run(['cat', '/proc/self/mountinfo'], inUserNamespace);
    for (const name of ['null', 'zero', 'full', 'random', 'urandom', 'tty'])
      expect(mountAt(stdout, `/dev/${name}`)?.options).toEqual(expect.arrayContaining(['nosuid', 'noexec']));
  });

  it('a node whose owner is not mapped is refused', () => {
    const result = bundle.run(['true'], (config) => {
      inUserNamespace(config);
      config.linux.devices = [{ path: '/dev/mine', type: 'c', major: 1, minor: 3, uid: 70_000 }];
    });
    expect(result).toMatchObject({ code: 1, stderr: expect.stringContaining('not mapped') });
  });
});
