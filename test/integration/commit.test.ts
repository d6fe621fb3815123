// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cannotRun, errorCode, Secure } from '../support/secure.ts';

const SCRIPT = [
  'mkdir -p /srv/d/e',
  'echo text > /srv/d/e/f',
  'ln /srv/d/e/f /srv/hard',
  'ln -s ../nowhere /srv/link',
  'mkfifo /srv/fifo',
  'chown 12:34 /srv/d',
  'chmod 4755 /srv/d/e/f',
  'rm /etc/group',
  'rm -r /tmp && mkdir /tmp',
  'head -c 100000 /dev/urandom > /srv/big',
].join(' && ');

describe.skipIf(cannotRun())('secure commit and export', () => {
  let secure: Secure;
  beforeAll(async () => {
    secure = await Secure.create();
    const ran = await secure.run(
      'run',
      '--name',
      'made',
      '--profile',
      'baseline',
      '--user',
      '0',
      'busybox',
      'sh',
      '-ec',
      SCRIPT,
    );
    expect(ran, ran.stderr).toMatchObject({ code: 0 });
  });
  afterAll(() => secure.destroy());

  const inImage = async (image: string, script: string) => {
    const ran = await secure.run('run', '--rm', '--profile', 'baseline', '--user', '0', image, 'sh', '-c', script);
    return ran.stdout;
  };
  const LOOK =
    'cd /srv; find . | sort; stat -c "%u:%g %a %F %h" d d/e/f fifo; readlink link; ls /etc/group /tmp; md5sum < big';

  it('commits what a container wrote, with its owners, links and deletions', async () => {
    const committed = await secure.run(
      'commit',
      '-c',
      'CMD ["sh", "-c", "echo default"]',
      '-c',
      'ENV A="b c"',
      '-m',
      'why',
      '-a',
      'who',
      'made',
      'snapshot',
    );
    expect(committed, committed.stderr).toMatchObject({ code: 0 });
    const text = await inImage('snapshot', LOOK);
    expect(text).toContain(
      '.\n./big\n./d\n./d/e\n./d/e/f\n./fifo\n./hard\n./link\n12:34 755 directory 3\n0:0 4755 regular file 2\n',
    );
    expect(text).toMatch(/fifo 1\n\.\.\/nowhere\n\/tmp:\n[0-9a-f]{32}/);
    expect((await secure.run('run', '--rm', 'snapshot')).stdout).toBe('default\n');
    const { config } = (await secure.json('image', 'inspect', 'snapshot')) as {
      config: { config: { Env: string[] }; history: unknown[] };
    };
    expect(config.config.Env).toContain('A=b c');
    expect(config.history.at(-1)).toMatchObject({ created_by: 'why', author: 'who' });
    // As large as what was written, not as what it stands on.
    const { history } = (await secure.json('image', 'history', 'snapshot')) as {
      history: { layer: { size: number } }[];
    };
    expect(history[0]?.layer.size).toBeLessThan(130_000);
  });

  it('exports what a process in it sees', async () => {
    const file = join(secure.root, 'made.tar');
    expect((await secure.run('export', 'made', '-o', file)).code).toBe(0);
    expect((await secure.run('image', 'import', file, '--name', 'exported', '--rootfs')).code).toBe(0);
    expect(await inImage('exported', LOOK)).toBe(await inImage('snapshot', LOOK));
    const listed = execFileSync('tar', ['-tvf', file, '--numeric-owner'], { encoding: 'utf8' });
    expect(listed).toMatch(/drwxr-xr-x 12\/34 .* srv\/d\//);
    expect(listed).toContain('bin/busybox');
    expect(listed).not.toContain('etc/group');
    const piped = await secure.shell('"$@" export made | tar -tf - | grep -c srv/');
    expect(Number(piped.stdout)).toBe(8);
  });

  it('commits a container that changed nothing, which is then the image under another name', async () => {
    expect((await secure.run('run', '--name', 'same', 'busybox', 'true')).code).toBe(0);
    expect((await secure.run('commit', 'same', 'copy')).code).toBe(0);
    const { images } = (await secure.json('image', 'inspect', '--tree', 'copy')) as { images: { layers: unknown[] }[] };
    expect(images[0]?.layers).toHaveLength(1);
  });

  it('takes a container that writes all the time as it is: files come, go, grow and are replaced', async () => {
    const churn = [
      'mkdir -p /srv && echo stays > /srv/stays && echo start > /srv/log',
      'while :; do mkdir -p /srv/d/e && echo x > /srv/d/e/f && ln /srv/d/e/f /srv/d/g && ln -s f /srv/d/e/l && rm -r /srv/d && ln -s nowhere /srv/d && rm /srv/d && echo more >> /srv/log; done',
    ].join('; ');
    const words = ['-d', '--name', 'churn', '--profile', 'baseline', '--user', '0', 'busybox', 'sh', '-c', churn];
    expect(await secure.run('run', ...words)).toMatchObject({ code: 0 });
    try {
      for (let i = 0; i < 12; i += 1) {
        const output = join(secure.root, 'churn.tar');
        const exported = await secure.run('export', 'churn', '-o', output);
        expect(exported, exported.stderr).toMatchObject({ code: 0 });
        expect(execFileSync('tar', ['-xOf', output, 'srv/stays'], { encoding: 'utf8' })).toBe('stays\n');
        const committed = await secure.run('commit', 'churn', 'churned');
        expect(committed, committed.stderr).toMatchObject({ code: 0 });
        expect(await inImage('churned', 'cat /srv/stays; head -n 1 /srv/log')).toBe('stays\nstart\n');
        rmSync(output);
      }
    } finally {
      await secure.run('rm', '--force', 'churn');
    }
  }, 120_000);

  it('refuses what cannot be, and leaves nothing', async () => {
    expect(errorCode(await secure.run('commit', 'nosuch', 'x'))).toBe('NO_SUCH_CONTAINER');
    expect(errorCode(await secure.run('commit', 'made', 'Bad Name'))).toBe('REFERENCE_INVALID');
    expect(errorCode(await secure.run('commit', '-c', 'RUN rm -rf /', 'made', 'x'))).toBe('BUILD_FAILED');
    expect(errorCode(await secure.run('export', 'nosuch', '-o', join(secure.root, 'nosuch.tar')))).toBe(
      'NO_SUCH_CONTAINER',
    );
    expect(existsSync(join(secure.root, 'nosuch.tar'))).toBe(false);
    writeFileSync(join(secure.root, 'keep'), 'before');
    expect((await secure.run('export', 'nosuch', '-o', join(secure.root, 'keep'))).code).not.toBe(0);
    expect(readFileSync(join(secure.root, 'keep'), 'utf8')).toBe('before');
    expect((await secure.run('image', 'ls', '-q')).stdout).not.toContain('localhost/x');
    expect((await secure.run('system', 'check', '--deep')).code).toBe(0);
  });
});
