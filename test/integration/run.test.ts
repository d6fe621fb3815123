// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cannotRun, errorCode, Secure, until } from '../support/secure.ts';

describe.skipIf(cannotRun())('secure run', () => {
  let secure: Secure;
  beforeAll(async () => {
    secure = await Secure.create();
  });
  afterAll(() => secure.destroy());
  const sh = (script: string, ...flags: string[]) => secure.run('run', '--rm', ...flags, 'busybox', 'sh', '-c', script);

  it.each<[string, string[], number]>([
    ['0', ['true'], 0],
    ['that of the command', ['sh', '-c', 'exit 7'], 7],
    ['126: not executable', ['/etc/not-executable'], 126],
    ['126: a directory', ['/etc'], 126],
    ['127: not found', ['no-such-program'], 127],
    ['128+n on a signal', ['sh', '-c', "sh -c 'kill -9 $$'; exit $?"], 137],
  ])('exit code %s', async (_, command, code) => {
    expect((await secure.run('run', '--rm', 'busybox', ...command)).code).toBe(code);
  });

  it('keeps stdout and stderr apart, bytes as they are', async () => {
    expect(await sh('printf "out\\0end"; printf err >&2')).toEqual({ code: 0, stdout: 'out\0end', stderr: 'err' });
  });

  it('passes arguments on verbatim, whatever they look like', async () => {
    const args = ['--rm', '--json', '-it', '--', '', 'a b', '$HOME', '*', '💥', 'line\nbreak', '--name=x', '\\'];
    const { stdout } = await secure.run(
      'run',
      '--rm',
      'busybox',
      'sh',
      '-c',
      'for a in "$@"; do printf "%s\\0" "$a"; done',
      'sh',
      ...args,
    );
    expect(stdout.split('\0').slice(0, -1)).toEqual(args);
  });

  it('refuses arguments that are no text instead of changing them; text outside ASCII is none of these', async () => {
    const bytes = async (argument: string) => {
      const script = `exec "$@" run --rm --json busybox echo "$(printf '${argument}')"`;
      return secure.shell(script);
    };
    const refused = await bytes('a\\377');
    expect([refused.code, errorCode(refused)]).toEqual([125, 'INVALID_VALUE']);
    expect((await bytes('\\303\\277\\357\\277\\275')).stdout).toBe('\u00ff\ufffd\n');
  });

  it('reads stdin with -i only', async () => {
    const with_ = await secure.call(['run', '--rm', '-i', 'busybox', 'cat'], { input: 'hello\n' });
    expect(with_).toEqual({ code: 0, stdout: 'hello\n', stderr: '' });
    const without = await secure.call(['run', '--rm', 'busybox', 'cat'], { input: 'hello\n' });
    expect(without).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  it('gives environment, directory, user, host name and entry point', async () => {
    writeFileSync(join(secure.root, 'env'), 'A=file\nB=file\n');
    const { stdout, stderr } = await secure.call(
      [
        'run',
        '--rm',
        '--env-file',
        'env',
        '-e',
        'A=flag',
        '-e',
        'C',
        '-w',
        '/tmp',
        '-u',
        'web',
        '-h',
        'box',
        '--entrypoint',
        'sh',
        'busybox',
        '-c',
        'echo $A $B $C $FROM_IMAGE; pwd; id -u; id -g; hostname; echo $HOSTNAME',
      ],
      { env: { C: 'here' } },
    );
    expect([stdout, stderr]).toEqual(['flag file here 1\n/tmp\n33\n34\nbox\nbox\n', '']);
  });

  it('a number is that user, whatever the image calls so (CVE-2016-3697)', async () => {
    expect((await sh('id -u', '-u', '1000')).stdout).toBe('1000\n');
  });

  it('binds read-only unless asked, and sees changes', async () => {
    mkdirSync(join(secure.root, 'data'));
    writeFileSync(join(secure.root, 'data', 'file'), 'from host');
    const read = await sh('cat /srv/file; echo x > /srv/file', '-v', './data:/srv');
    expect(read.stdout).toBe('from host');
    expect(read.code).not.toBe(0);
    expect((await sh('echo new > /srv/file', '-v', './data:/srv:rw')).code).toBe(0);
    expect(readFileSync(join(secure.root, 'data', 'file'), 'utf8')).toBe('new\n');
  });

  it('limits what it is told to', async () => {
    const { stdout } = await sh(
      'ulimit -n; ulimit -Hn; df -k /dev/shm | tail -1 | tr -s " " | cut -d" " -f2',
      '--ulimit',
      'nofile=100:200',
      '--shm-size',
      '1m',
    );
    expect(stdout).toBe('100\n200\n1024\n');
  });

  it('has a terminal with -t', async () => {
    const { stdout, code } = await secure.terminal(
      'run',
      '--rm',
      '-it',
      'busybox',
      'sh',
      '-c',
      'tty; test -t 0 && test -t 1 && test -t 2 && echo all',
    );
    expect(code).toBe(0);
    expect(stdout).toContain('/dev/pts/0');
    expect(stdout).toContain('all');
  });

  it('leaves no Node behind: the process that was started becomes secure-runtime', async () => {
    const child = secure.start('run', '--rm', '--name', 'fg', 'busybox', 'sleep', '60');
    const comm = (): string => readFileSync(`/proc/${child.pid}/comm`, 'utf8').trim();
    await until('execve', () => comm() === 'secure-runtime');
    expect(readFileSync(`/proc/${child.pid}/cmdline`, 'utf8').split('\0').slice(0, 2)).toEqual([
      'secure-runtime',
      'launch',
    ]);
    await until('container runs', async () => (await secure.run('ps', '-q')).stdout !== '');
    const ended = once(child, 'exit');
    expect((await secure.run('kill', 'fg')).code).toBe(0);
    expect(await ended).toEqual([137, null]);
  });

  it('a container started by Node has nothing of it: signals, descriptors, environment', async () => {
    const { stdout } = await sh('grep -E "^Sig(Ign|Blk)" /proc/self/status; ls /proc/self/fd; env');
    expect(stdout).toMatch(/SigBlk:\s0{16}\nSigIgn:\s0{16}\n/);
    // The fourth is the directory that ls reads.
    expect(stdout).toContain('\n0\n1\n2\n3\n');
    expect(stdout).not.toMatch(/^4$|SECURE_|NODE_/m);
  });

  it('--rm leaves nothing, and a name is taken once', async () => {
    await secure.detached('--name', 'taken', 'busybox', 'true');
    const again = await secure.run('run', '--name', 'taken', 'busybox', 'true');
    expect([again.code, errorCode(again)]).toEqual([125, 'NAME_TAKEN']);
    await secure.run('rm', '-f', 'taken');
    await sh('true');
    expect(await secure.containers()).toEqual([]);
  });

  it('-d prints the id, whose container is there at once', async () => {
    const id = await secure.detached('busybox', 'sleep', '60');
    expect(id).toMatch(/^[0-9a-f]{64}$/);
    expect((await secure.run('ps', '-q', '--no-trunc')).stdout.trim()).toBe(id);
    expect((await secure.run('rm', '-f', id)).code).toBe(0);
  });
});
