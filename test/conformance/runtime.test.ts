// SPDX-License-Identifier: Apache-2.0
// runtime-spec 1.3, runtime.md: a test for what a runtime must do with its five operations.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Lifecycle } from '../support/lifecycle.ts';
import { cannotRun } from '../support/secure.ts';

const code = (text: string): string | undefined => /error ([A-Z_]+)/.exec(text)?.[1];

describe.skipIf(cannotRun())('runtime.md', () => {
  let container: Lifecycle;
  beforeEach(() => {
    container = new Lifecycle();
  });
  afterEach(() => container.remove());
  const groups = () => readdirSync('/sys/fs/cgroup/pids').filter((name) => name.includes(container.id));

  describe('#state', () => {
    it('MUST hold ociVersion, id, status, pid and bundle, and the annotations', () => {
      container.create(['sleep', '100'], (config) => {
        Object.assign(config, { annotations: { 'org.example.key': 'value' } });
      });
      const state = container.state();
      expect(state).toMatchObject({
        ociVersion: '1.2.0',
        id: container.id,
        status: 'created',
        bundle: container.bundle.directory,
        annotations: { 'org.example.key': 'value' },
      });
      expect(readFileSync(`/proc/${state.pid}/status`, 'utf8')).toContain('PPid');
    });

    it('is created, then running, then stopped', async () => {
      container.create(['sleep', '100']);
      expect(container.state().status).toBe('created');
      container.call('start', container.id);
      expect(container.state().status).toBe('running');
      container.call('kill', container.id, 'KILL');
      await container.until('stopped');
      expect(container.state().pid).toBe(0);
    });
  });

  describe('#query-state', () => {
    it('MUST generate an error if it is not provided the ID of a container', () => {
      expect(code(container.call('state').stderr)).toBe('USAGE');
    });
    it('MUST generate an error for a container that does not exist', () => {
      const { code: status, stderr } = container.call('state', 'nobody');
      expect([status, code(stderr)]).toEqual([1, 'NO_SUCH_CONTAINER']);
    });
  });

  describe('#start', () => {
    it('MUST generate an error if process was not set; creating it is none', async () => {
      const made = container.create(['true'], (config) => {
        Reflect.deleteProperty(config, 'process');
      });
      expect(made).toMatchObject({ code: 0, stderr: '' });
      expect(container.state().status).toBe('created');
      const { code: status, stderr } = container.call('start', container.id);
      expect([status, code(stderr)]).toEqual([1, 'PROCESS_MISSING']);
      await container.until('stopped');
      expect(container.call('delete', container.id)).toMatchObject({ code: 0, stderr: '' });
      expect(code(container.call('run', '--bundle', container.bundle.directory, container.id).stderr)).toBe(
        'PROCESS_MISSING',
      );
    });
  });

  it('a program that says it is ready is heard by the service manager, and nothing else that it says', async () => {
    const place = join(container.bundle.directory, 'manager');
    const heard = join(container.bundle.directory, 'heard');
    const manager = spawn('python3', [
      '-c',
      'import socket,sys; s=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM); s.bind(sys.argv[1]); f=open(sys.argv[2],"wb",0)\nwhile 1: f.write(s.recv(4096)+b";")',
      place,
      heard,
    ]);
    const says =
      'import os,socket; s=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM); s.connect(os.environ["NOTIFY_SOCKET"])';
    const speak = (...lines: string[]) => lines.map((line) => `; s.send(b"${line}")`).join('');
    for (let tries = 0; !existsSync(place) && tries < 200; tries++) await delay(10);
    const env = { NOTIFY_SOCKET: place };
    const wanted = (script: string) =>
      container.write(['python3', '-c', script], (config) => {
        for (const name of ['/usr', '/lib', '/lib64'])
          config.mounts.push({ destination: name, type: 'bind', source: name, options: ['rbind', 'ro'] });
        Object.assign(config.process, {
          user: { uid: 1000, gid: 1000 },
          env: ['PATH=/usr/bin', 'NOTIFY_SOCKET=/other'],
        });
      });
    const run = (...options: string[]) =>
      container.with({ env }, 'run', ...options, '--bundle', container.bundle.directory, container.id);
    try {
      wanted(
        `${says}${speak('MAINPID=1', 'READY=10', 'STATUS=x\\nREADY=1', 'READY=1')}; print(os.environ["NOTIFY_SOCKET"])`,
      );
      expect(run()).toMatchObject({ code: 0, stdout: `${place}/notify\n`, stderr: '' });
      await expect.poll(() => readFileSync(heard, 'utf8')).toBe('READY=1;');
      // Who starts it in the background waits until it is ready, or has ended.
      wanted(`import time; time.sleep(0.5); ${says}${speak('READY=1')}; time.sleep(100)`);
      const start = performance.now();
      expect(run('--detach').code).toBe(0);
      expect(performance.now() - start).toBeGreaterThan(400);
      await expect.poll(() => readFileSync(heard, 'utf8')).toBe('READY=1;READY=1;');
      expect(container.state().status).toBe('running');
      container.call('delete', '--force', container.id);
      wanted('pass');
      expect(container.with({ env }, 'create', '--bundle', container.bundle.directory, container.id).code).toBe(0);
      expect(container.with({ env }, 'start', container.id)).toMatchObject({ code: 0, stderr: '' });
      expect(readFileSync(heard, 'utf8')).toBe('READY=1;READY=1;');
    } finally {
      manager.kill();
    }
  });

  it('a log that cannot be written is an error', () => {
    for (const log of ['/nowhere/log', container.bundle.directory])
      expect(code(container.call('--log', log, 'list').stderr)).toBe('LOG_FAILED');
  });

  describe('#create', () => {
    it('MUST generate an error if the ID is not unique, and changes nothing then', () => {
      container.create(['sleep', '100']);
      const before = container.state();
      const again = container.with(
        { stdio: ['ignore', 'pipe', 'pipe'] },
        'create',
        '--bundle',
        container.bundle.directory,
        container.id,
      );
      expect([again.code, code(again.stderr)]).toEqual([1, 'CONTAINER_EXISTS']);
      expect(container.state()).toEqual(before);
    });
    it('MUST NOT run the program', () => {
      container.create(['sh', '-c', 'echo run > /proof']);
      expect(existsSync(join(container.bundle.rootfs, 'proof'))).toBe(false);
      expect(readFileSync(`/proc/${container.state().pid}/comm`, 'utf8')).toBe('secure-runtime\n');
    });
    it('makes everything else: the process is in its namespaces, cgroups and root', () => {
      container.create(['true']);
      const { pid } = container.state();
      expect(readFileSync(`/proc/${pid}/root/proc/1/comm`, 'utf8')).toBe('secure-runtime\n');
      expect(readFileSync(`/proc/${pid}/cgroup`, 'utf8')).toContain(container.id);
      expect(readFileSync(`/proc/${pid}/status`, 'utf8')).toMatch(/^NoNewPrivs:\t1$/m);
    });
    it('is not changed by a config.json that changes later', async () => {
      container.create(['sh', '-c', 'echo first > /proof']);
      container.write(['sh', '-c', 'echo second > /proof']);
      container.call('start', container.id);
      await container.until('stopped');
      expect(readFileSync(join(container.bundle.rootfs, 'proof'), 'utf8')).toBe('first\n');
    });
    it.each([
      ['a program that is missing', ['no-such-program'], 'COMMAND_NOT_FOUND'],
      ['a program that is a directory', ['/bin'], 'COMMAND_NOT_EXECUTABLE'],
    ])('fails for %s, and leaves nothing', (_, args, expected) => {
      container.write(args);
      const { code: status, stderr } = container.with(
        { stdio: ['ignore', 'pipe', 'pipe'] },
        'create',
        '--bundle',
        container.bundle.directory,
        container.id,
      );
      expect([status > 0, code(stderr)]).toEqual([true, expected]);
      expect(readdirSync(container.root)).toEqual([]);
      expect(groups()).toEqual([]);
    });
    it.each(['', '.', '..', '../x', 'a/b', 'a b', 'é', 'x'.repeat(300)])('refuses the id %j', (id) => {
      container.write(['true']);
      expect(code(container.call('run', '--bundle', container.bundle.directory, id).stderr)).toBe('ID_INVALID');
    });
  });

  describe('#start', () => {
    it('MUST run the program that process names', async () => {
      container.create(['sh', '-c', 'echo run > /proof']);
      expect(container.call('start', container.id).code).toBe(0);
      await container.until('stopped');
      expect(readFileSync(join(container.bundle.rootfs, 'proof'), 'utf8')).toBe('run\n');
    });
    it('MUST generate an error if it is not provided the container ID', () => {
      expect(code(container.call('start').stderr)).toBe('USAGE');
    });
    it.each(['running', 'stopped'] as const)(
      'of a container that is %s MUST have no effect and MUST generate an error',
      async (status) => {
        container.create(['sleep', '100']);
        container.call('start', container.id);
        if (status === 'stopped') container.call('kill', container.id, 'KILL');
        await container.until(status);
        expect(container.call('start', container.id).code).toBe(1);
        expect(container.state().status).toBe(status);
      },
    );
    it('says why the program could not be executed', () => {
      writeFileSync(join(container.bundle.rootfs, 'bin/bad'), 'no program', { mode: 0o755 });
      container.create(['bad']);
      expect(code(container.call('start', container.id).stderr)).toBe('COMMAND_NOT_EXECUTABLE');
    });
    it('by two at the same time runs it once', async () => {
      container.create(['sh', '-c', 'echo run >> /proof; sleep 100']);
      const both = `${process.env.SHELL ?? 'sh'}`;
      const { stdout } = container.with(
        { prefix: [both, '-c', '("$@"; echo $?) & ("$@"; echo $?) & wait', 'sh'] },
        'start',
        container.id,
      );
      expect(stdout.trim().split('\n').sort()).toEqual(['0', '1']);
      await container.until('running');
    });
  });

  describe('#kill', () => {
    it('MUST generate an error if it is not provided the container ID', () => {
      expect(code(container.call('kill').stderr)).toBe('USAGE');
    });
    it('of a container that is stopped MUST have no effect and MUST generate an error', async () => {
      container.create(['true']);
      container.call('start', container.id);
      await container.until('stopped');
      expect(code(container.call('kill', container.id, 'TERM').stderr)).toBe('CONTAINER_NOT_RUNNING');
    });
    it('MUST send the signal to the process', async () => {
      container.create(['sh', '-c', 'trap "echo heard > /proof; exit" USR1; while :; do sleep 0.01; done']);
      container.call('start', container.id);
      while (
        !/^SigCgt:\t0*[0-9a-f]*[2367abef][0-9a-f]{2}$/m.test(
          readFileSync(`/proc/${container.state().pid}/status`, 'utf8'),
        )
      ) {
        // the trap is not set yet
      }
      expect(container.call('kill', container.id, 'SIGUSR1').code).toBe(0);
      await container.until('stopped');
      expect(readFileSync(join(container.bundle.rootfs, 'proof'), 'utf8')).toBe('heard\n');
    });
    it.each(['KILL', '9', 'sigkill', 'SIGKILL'])('takes %s', async (signal) => {
      container.create(['sleep', '100']);
      expect(container.call('kill', container.id, signal).code).toBe(0);
      await container.until('stopped');
    });
    it.each(['NOPE', '-1', '65', '1e1'])('refuses %s', (signal) => {
      container.create(['sleep', '100']);
      expect(container.call('kill', container.id, '--', signal).code).toBe(1);
      expect(container.state().status).toBe('created');
    });
  });

  describe('#delete', () => {
    it('MUST generate an error if it is not provided the container ID', () => {
      expect(code(container.call('delete').stderr)).toBe('USAGE');
    });
    it.each(['created', 'running'] as const)(
      'of a container that is %s MUST have no effect and MUST generate an error',
      async (status) => {
        container.create(['sleep', '100']);
        if (status === 'running') container.call('start', container.id);
        expect(code(container.call('delete', container.id).stderr)).toBe('CONTAINER_RUNNING');
        expect(container.state().status).toBe(status);
      },
    );
    it('MUST delete what create made, and nothing else', async () => {
      container.create(['sh', '-c', 'echo kept > /proof']);
      container.call('start', container.id);
      await container.until('stopped');
      expect(container.call('delete', container.id).code).toBe(0);
      expect(readdirSync(container.root)).toEqual([]);
      expect(groups()).toEqual([]);
      expect(readFileSync(join(container.bundle.rootfs, 'proof'), 'utf8')).toBe('kept\n');
    });
    it('lets the id be used again', async () => {
      for (let i = 0; i < 2; i++) {
        expect(container.create(['true']).code).toBe(0);
        container.call('start', container.id);
        await container.until('stopped');
        expect(container.call('delete', container.id).code).toBe(0);
      }
    });
    it.each(['created', 'running'] as const)('--force ends one that is %s', (status) => {
      container.create(['sleep', '100']);
      const { pid } = container.state();
      if (status === 'running') container.call('start', container.id);
      expect(container.call('delete', '--force', container.id).code).toBe(0);
      expect(existsSync(`/proc/${pid}/root/proc`)).toBe(false);
      expect(groups()).toEqual([]);
    });
    it('--force of what does not exist is no error, as engines expect', () => {
      expect(container.call('delete', '--force', 'nobody').code).toBe(0);
      expect(container.call('delete', 'nobody').code).toBe(1);
    });
  });

  describe('a memory limit', () => {
    it.each([65_536, 16_777_216])('of %i bytes that is too low says so, with limit and peak', (limit) => {
      container.write(['sh', '-c', 'a=x; while :; do a=$a$a; done'], (config) => {
        config.linux.resources = { memory: { limit, swap: limit } };
      });
      const { code: status, stderr } = container.call('run', '--bundle', container.bundle.directory, container.id);
      expect([1, 137]).toContain(status);
      expect(stderr).toMatch(new RegExp(`OUT_OF_MEMORY.*OOM.*${limit} bytes.*peak \\d+`));
    });
  });

  describe('a state root', () => {
    it('that others may write to is refused', () => {
      const open = mkdtempSync(join(tmpdir(), 'secure-open-'));
      container.write(['true']);
      const { stderr } = container.with(
        { prefix: ['sh', '-c', `chmod 0777 ${open}; exec "$@"`, 'sh'] },
        '--root',
        open,
        'run',
        '--bundle',
        container.bundle.directory,
        container.id,
      );
      rmSync(open, { recursive: true });
      expect(code(stderr)).toBe('STATE_UNSAFE');
    });
  });
});
