// SPDX-License-Identifier: Apache-2.0
// Attaching to a detached container.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { CLI } from '../support/cli.ts';
import { cannotRun, errorCode, Secure, until } from '../support/secure.ts';

describe.skipIf(cannotRun())('attach', { timeout: 300_000 }, () => {
  let secure: Secure;
  beforeAll(async () => {
    secure = await Secure.create();
  });
  afterAll(() => secure.destroy());
  afterEach(() => secure.removeContainers());
  const collect = (child: ChildProcess): { text: string } => {
    const seen = { text: '' };
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (data) => {
        seen.text += String(data);
      });
    return seen;
  };
  /** Its terminal is that of script(1), which sends what it is given as if it were typed. */
  const typed = (...args: string[]): ChildProcess => {
    const words = secure.words(['script', '-qec', [process.execPath, '--', CLI, ...args].join(' '), '/dev/null']);
    return spawn(words[0], words.slice(1), {
      cwd: secure.root,
      env: { ...secure.env, TERM: 'xterm' },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
  };

  it('several at once see both streams and give input; the exit code is the container’s', async () => {
    await secure.detached(
      '-i',
      '--name',
      'talk',
      'busybox',
      'sh',
      '-c',
      'while read l; do echo "out $l"; echo "err $l" >&2; [ $l = end ] && exit 4; done',
    );
    const first = secure.start('attach', 'talk');
    const second = secure.start('attach', '--no-stdin', 'talk');
    const [one, two] = [collect(first), collect(second)];
    const over = [once(first, 'exit'), once(second, 'exit')];
    await until(
      'input arrives and both see the answer',
      () => {
        first.stdin?.write('hello\n');
        return [one, two].every(({ text }) => text.includes('out hello') && text.includes('err hello'));
      },
      60,
    );
    first.stdin?.write('end\n');
    expect(await Promise.all(over)).toEqual([
      [4, null],
      [4, null],
    ]);
    expect(two.text).toContain('out end');
    expect((await secure.run('logs', 'talk')).stdout).toContain('out end');
  });

  it('the end of one’s input is not the end of the container’s', async () => {
    await secure.detached('-i', '--name', 'cat', 'busybox', 'cat');
    const child = secure.start('attach', 'cat');
    const over = once(child, 'exit');
    const seen = collect(child);
    child.stdin?.end('one\n');
    await until('it answers', () => seen.text === 'one\n', 60);
    expect(secure.state('cat').status).toBe('running');
    await secure.run('kill', 'cat');
    expect(await over).toEqual([137, null]);
  });

  it('a terminal: its size, the detach keys, and signals by key', async () => {
    await secure.detached('-it', '--name', 'tty', 'busybox', 'sh');
    const child = typed('attach', 'tty');
    const left = once(child, 'exit');
    const seen = collect(child);
    await until(
      'the shell answers',
      () => {
        child.stdin?.write('echo $((6*7))\n');
        return seen.text.includes('42');
      },
      60,
    );
    child.stdin?.write('\u0010\u0011');
    expect((await left)[0]).toBe(0);
    expect(secure.state('tty').status).toBe('running');
    const again = typed('attach', '--detach-keys', 'ctrl-x,x', 'tty');
    const more = collect(again);
    await until(
      'it can be talked to again',
      () => {
        again.stdin?.write('echo again$((1+1))\n');
        return more.text.includes('again2');
      },
      60,
    );
    again.stdin?.write('\u0010\u0011echo still$((1+1))\n');
    await until('other keys mean nothing', () => more.text.includes('still2'));
    again.stdin?.write('\u0018x');
    expect((await once(again, 'exit'))[0]).toBe(0);
  });

  it('signals go to the container', async () => {
    await secure.detached(
      '--name',
      'sig',
      'busybox',
      'sh',
      '-c',
      'trap "echo got; exit 3" INT; echo ready; while :; do sleep 0.05; done',
    );
    const child = secure.start('attach', 'sig');
    const over = once(child, 'exit');
    await until('it is attached', () => {
      child.kill('SIGINT');
      return child.exitCode !== null || child.signalCode !== null;
    });
    // A signal before it has become the client ends Node instead; then the container goes on.
    const [code] = await over;
    if (code === 3) expect((await secure.run('logs', 'sig')).stdout).toContain('got');
  });

  it('a client that does not read holds up neither the container nor its log', async () => {
    await secure.detached(
      '-i',
      '--name',
      'loud',
      'busybox',
      'sh',
      '-c',
      'read go; yes 0123456789 | head -c 8000000; echo; echo done; sleep 600',
    );
    const slow = secure.start('attach', 'loud');
    slow.stdout?.pause();
    const quick = secure.start('attach', 'loud');
    const seen = collect(quick);
    await until(
      'the log has its end',
      async () => {
        quick.stdin?.write('go\n');
        return (await secure.run('logs', '--tail', '1', 'loud')).stdout.startsWith('done');
      },
      60,
    );
    const { monitorPid } = secure.state('loud');
    const rss = Number(
      /^VmRSS:\s+(\d+) kB/m.exec(execFileSync('cat', [`/proc/${monitorPid}/status`], { encoding: 'utf8' }))?.[1],
    );
    expect(rss).toBeLessThan(3000);
    await secure.run('kill', 'loud');
    for (const child of [slow, quick]) child.kill('SIGKILL');
    expect(seen.text).toContain('0123456789');
  });

  it('the socket is for root alone; what does not run cannot be attached to', async () => {
    const id = await secure.detached('--name', 'shut', 'busybox', 'sleep', '600');
    const directory = join(secure.env.SECURE_RUN_ROOT ?? '', 'containers', id);
    expect(readdirSync(directory)).toContain('attach');
    expect([statSync(directory).mode & 0o777, statSync(join(directory, 'attach')).mode & 0o777]).toEqual([
      0o700, 0o600,
    ]);
    expect(execFileSync('cat', ['/proc/net/unix'], { encoding: 'utf8' })).not.toContain(`@${id.slice(0, 12)}`);
    await secure.run('stop', '-t', '0', 'shut');
    const ended = await secure.run('attach', 'shut');
    expect([ended.code, errorCode(ended)]).toEqual([125, 'NOT_ATTACHABLE']);
    const missing = await secure.run('attach', 'nobody');
    expect([missing.code, errorCode(missing)]).toEqual([125, 'NO_SUCH_CONTAINER']);
  });
});
