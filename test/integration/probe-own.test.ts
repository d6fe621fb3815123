// SPDX-License-Identifier: Apache-2.0
// The probe in containers of ours: by what its profile refuses, and by what a container can do to it.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { probeBinary } from '../../src/runtime/binary.ts';
import { NetNs } from '../support/netns.ts';
import { schemaErrors } from '../support/sarif.ts';
import { cannotRun, errorCode, Secure, until } from '../support/secure.ts';

interface ReportJson {
  readonly audited: readonly {
    readonly target: string;
    readonly name: string;
    readonly results: readonly { readonly id: string; readonly status: string }[];
  }[];
  readonly sections: readonly { readonly target: string; readonly score: number }[];
}
interface Comparison {
  readonly rows: readonly { readonly title: string; readonly cells: readonly string[] }[];
}

const hash = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');
/** Processes of the pid namespace of one, by number outside. */
function processesBeside(pid: number): number[] {
  const own = readlinkSync(`/proc/${pid}/ns/pid`);
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((each) => {
      try {
        return readlinkSync(`/proc/${each}/ns/pid`) === own;
      } catch {
        return false;
      }
    });
}

describe.skipIf(cannotRun())('a probe of our containers', () => {
  let netns: NetNs;
  let secure: Secure;
  const open = async (...args: readonly string[]): Promise<Record<string, string[]>> => {
    const { audited } = (await secure.json('probe', ...args)) as unknown as ReportJson;
    const left = (results: ReportJson['audited'][number]['results']) =>
      results.filter(({ status }) => status !== 'pass' && status !== 'not-applicable').map(({ id }) => id.slice(4));
    return Object.fromEntries(audited.map(({ name, results }) => [name, left(results)]));
  };

  beforeAll(async () => {
    netns = await NetNs.create();
    secure = await Secure.create({ netns });
    for (const profile of ['strict', 'default', 'baseline']) {
      const trust = profile === 'strict' ? ['--trust'] : [];
      const words = ['--network', 'none', '--name', profile, '--profile', profile, ...trust];
      await secure.detached(...words, 'busybox', 'sleep', '600');
    }
  }, 60_000);
  afterAll(async () => {
    await secure?.destroy();
    await netns?.destroy();
  });

  it('finds nothing under strict, and elsewhere what the profile leaves open', async () => {
    expect(await open('strict', 'default', 'baseline')).toEqual({
      strict: [],
      default: ['PROBE-0018', 'CONTAINER-0005'],
      baseline: ['PROBE-0006', 'PROBE-0018', 'PROBE-0022', 'CONTAINER-0005', 'CONTAINER-0007', 'CONTAINER-0021'],
    });
  });

  it('says who refused what', async () => {
    const { rows } = (await secure.json('probe', '--compare', 'strict', 'baseline')) as unknown as Comparison;
    const cells = Object.fromEntries(rows.map(({ title, cells: both }) => [title, both]));
    expect(cells).toMatchObject({
      'user inside': ['65532', '0'],
      'namespaces of the host': ['none', 'none'],
      'capabilities, bounding': ['none', '13'],
      no_new_privs: ['yes', 'yes'],
      'seccomp filters': ['1', '1'],
      'root read-only': ['yes', 'no'],
      'processes visible': ['3', '3'],
      'unshare-user': ['EPERM', 'EPERM'],
      'clone3-user': ['ENOSYS (filter)', 'ENOSYS (filter)'],
      // strict allows the calls of this architecture alone.
      'unshare-user-32-bit': ['killed', 'EPERM'],
      'unshare-user-x32': ['killed', 'ENOSYS'],
      'io-uring': ['EPERM', 'EPERM'],
      'ptrace-first-process': ['EPERM', 'allowed'],
      'terminal-input': ['EPERM', 'allowed'],
      'write-core-pattern': ['EACCES', 'EACCES'],
      'socket-alg': ['EPERM', 'EPERM'],
    });
    expect(rows.filter(({ cells: both }) => both.some((cell) => ['?', 'failed', 'timeout'].includes(cell)))).toEqual(
      [],
    );
  });

  it('leaves nothing in a container', async () => {
    const { pid } = secure.state('baseline');
    const look = async () =>
      (await secure.run('exec', 'baseline', 'sh', '-c', 'find / -xdev | sort; ls -a /dev /dev/shm /tmp /run')).stdout;
    const before = [await look(), processesBeside(pid)];
    expect((await secure.run('probe', 'baseline', '--fail-on', 'none')).code).toBe(0);
    expect([await look(), processesBeside(pid)]).toEqual(before);
  });

  it('reports as every audit does', async () => {
    const sarif = join(secure.root, 'probe.sarif');
    const { code, stdout } = await secure.run('probe', 'strict', 'baseline', '--output', sarif, '--fail-on', 'medium');
    expect(code).toBe(1);
    expect(stdout).toContain('probe baseline');
    const log = JSON.parse(readFileSync(sarif, 'utf8'));
    expect(schemaErrors(log)).toEqual([]);
    expect(log.runs[0].automationDetails.id).toBe('secure/probe/');
    expect((await secure.run('probe', 'strict', '--min-score', '100')).code).toBe(0);
    const report = (await secure.json('probe', 'strict')) as unknown as ReportJson;
    expect(report.sections).toMatchObject([{ target: 'probe', score: 100 }]);
  });

  it('is judged elsewhere by what it wrote', async () => {
    const { stdout } = await secure.run('probe', '--raw', 'baseline');
    expect(JSON.parse(stdout)).toMatchObject({ probe: 1 });
    const { stdout: judged } = await secure.call(['probe', '-', '--json'], { input: stdout });
    const { audited } = JSON.parse(judged) as ReportJson;
    const failed = audited[0]?.results.filter(({ status }) => status === 'fail').map(({ id }) => id.slice(4));
    expect([audited[0]?.name, failed]).toEqual(['stdin', (await open('baseline')).baseline]);
  });

  it('runs here too, where nothing is refused to root', async () => {
    const { code, stdout } = await secure.run('probe', '--json');
    const { audited } = JSON.parse(stdout) as ReportJson;
    expect([code, audited[0]?.name]).toEqual([1, 'here']);
    const failed = audited[0]?.results.filter(({ status }) => status === 'fail').map(({ id }) => id);
    for (const id of [
      'SEC-PROBE-0001',
      'SEC-PROBE-0002',
      'SEC-PROBE-0004',
      'SEC-PROBE-0007',
      'SEC-PROBE-0011',
      'SEC-CONTAINER-0006',
    ])
      expect(failed).toContain(id);
  });

  it('and for a user without rights, of whom more is refused', async () => {
    const { stdout } = await secure.call(['probe', '--compare', '--json'], { uid: 65534 });
    const { rows } = JSON.parse(stdout) as Comparison;
    const cells = Object.fromEntries(rows.map(({ title, cells: [cell] }) => [title, cell]));
    expect(cells).toMatchObject({ 'user inside': '65534', mount: 'EPERM', 'unshare-mount': 'EPERM' });
    expect(cells).toMatchObject({ 'become-user-0': 'EPERM', 'clock-set': 'EPERM', swapon: 'EPERM' });
  });

  // CVE-2019-5736: the program that comes in is reached by /proc/PID/exe.
  it('gives a container nothing of the host to write', async () => {
    const before = hash(probeBinary());
    const tries = 'echo SEEN; echo x > $e && echo WRITTEN; chmod 777 $e && echo x > $e && echo WRITTEN';
    const script = `while :; do for e in /proc/[0-9]*/exe; do case $(readlink $e) in *memfd*) ${tries};; esac; done; done`;
    const words = ['--network', 'none', '--name', 'writes', '--profile', 'baseline', 'busybox'];
    await secure.detached(...words, 'sh', '-c', `${script} 2>/dev/null`);
    // It lives for a tenth of a second each time.
    let logs = '';
    for (let i = 0; i < 100 && !logs.includes('SEEN'); i++) {
      expect((await secure.run('probe', 'writes', '--fail-on', 'none')).code).toBe(0);
      logs = (await secure.run('logs', 'writes')).stdout;
    }
    expect(logs).toContain('SEEN');
    expect(logs).not.toContain('WRITTEN');
    expect(hash(probeBinary())).toBe(before);
    await secure.run('rm', '-f', 'writes');
  }, 120_000);

  it('of a container that stops it says so, and leaves no process', async () => {
    const script =
      'while :; do for p in /proc/[0-9]*; do p=${p#/proc/}; case $(readlink /proc/$p/exe) in *memfd*) kill -STOP $p;; esac; done; done';
    await secure.detached(
      '--network',
      'none',
      '--name',
      'stops',
      '--profile',
      'baseline',
      'busybox',
      'sh',
      '-c',
      `${script} 2>/dev/null`,
    );
    const { pid } = secure.state('stops');
    // It is caught while it lives, a tenth of a second, or the next time.
    let result = await secure.run('probe', 'stops', '--timeout', '2');
    for (let i = 0; i < 50 && result.code <= 1; i++) result = await secure.run('probe', 'stops', '--timeout', '2');
    expect([result.code, errorCode(result), result.stdout]).toEqual([2, 'AUDIT_UNREADABLE', '']);
    const isProbe = (each: number) => {
      try {
        return readlinkSync(`/proc/${each}/exe`).startsWith('/memfd:');
      } catch {
        return false;
      }
    };
    await until('the probe is gone', () => !processesBeside(pid).some(isProbe));
    await secure.run('rm', '-f', 'stops');
  }, 60_000);

  it.each([
    ['no such container', ['nobody'], 'NO_SUCH_CONTAINER', 1],
    ['no file', ['./nowhere.json'], 'AUDIT_UNREADABLE', 2],
    ['a directory', ['/'], 'AUDIT_UNREADABLE', 2],
    ['a socket of nobody', ['web', '--socket', '/x'], 'USAGE', 2],
    ['no time', ['web', '--timeout', '0'], 'INVALID_VALUE', 2],
    ['no engine', ['web', '--engine', 'docker', '--socket', '/x'], 'AUDIT_UNREADABLE', 2],
    ['two answers as one', ['--raw', 'strict', 'default'], 'USAGE', 2],
  ])('%s is one error', async (_, args, code, exit) => {
    const result = await secure.run('probe', ...args);
    expect([errorCode(result), result.code, result.stdout]).toEqual([code, exit, '']);
  });

  it('what a container printed instead is one error, and steers no terminal', async () => {
    const hostile = [
      '',
      'x',
      '{"probe":1}',
      '{"probe":"\u001b[31m"}',
      '\u0000',
      '['.repeat(100_000),
      ' '.repeat(2 << 20),
    ];
    for (const input of hostile) {
      const result = await secure.call(['probe', '-'], { input });
      expect([errorCode(result), result.code, result.stdout]).toEqual(['AUDIT_UNREADABLE', 2, '']);
      expect(result.stderr).toMatch(/^[\x20-\x7e\n]+$/);
    }
  });

  it('tells where the program is', async () => {
    const { stdout } = await secure.run('probe', '--path');
    expect(realpathSync(stdout.trimEnd())).toBe(realpathSync(probeBinary()));
  });
});
