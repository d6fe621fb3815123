// SPDX-License-Identifier: Apache-2.0
// The probe where nothing can be relied on: an empty root without /proc, a user without rights, an engine that lies.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { collectProbe } from '../../src/audit/facts/probe.ts';
import { auditProbe } from '../../src/audit/probe.ts';
import { probeEngine } from '../../src/cli/probe/engine.ts';
import { SecureError } from '../../src/errors.ts';
import { probeBinary } from '../../src/runtime/binary.ts';
import { cannotRun } from '../support/secure.ts';

const ID = 'c'.repeat(64);
const SESSION = 'd'.repeat(64);
let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'secure-probe-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe.skipIf(cannotRun())('mounts of its own', () => {
  /** In a mount namespace of its own, after these commands. */
  const inside = (commands: string) => ['-m', '--propagation', 'private', 'sh', '-ec', commands];

  it('that are too many to be read are not taken for all', () => {
    const deep = `${directory}/${`${'d'.repeat(250)}/`.repeat(12)}`;
    mkdirSync(deep, { recursive: true });
    const commands = `for i in $(seq 200); do mount -t tmpfs none ${deep}; done; exec ${probeBinary()}`;
    const facts = collectProbe(execFileSync('unshare', inside(commands), { encoding: 'utf8' }), 'many', null);
    expect([facts.mounts?.complete, facts.processes]).toEqual([false, null]);
    const statuses = Object.fromEntries(
      auditProbe(facts).results.map(({ check, verdict }) => [check.id, verdict.status]),
    );
    for (const id of ['SEC-PROBE-0021', 'SEC-PROBE-0024', 'SEC-CONTAINER-0022'])
      expect([id, statuses[id]]).not.toEqual([id, 'pass']);
  });

  // A terminal sends ^C to whoever asked, and to the program that holds the copy.
  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('lose the copy when its holder gets %s, too', async (signal) => {
    const commands = 'mount -t tmpfs -o mode=755 none /run; echo ready; exec sleep 600';
    const container = spawn('unshare', inside(commands), { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      await once(container.stdout, 'data');
      const holder = spawn(probeBinary(), ['--place', String(container.pid), 'secure-probe-test']);
      const ended = once(holder, 'close');
      expect(String((await once(holder.stdout, 'data'))[0])).toBe('/run/secure-probe-test\n');
      const copy = `/proc/${container.pid}/root/run/secure-probe-test`;
      expect(existsSync(copy)).toBe(true);
      holder.kill(signal);
      holder.stdin.end();
      await ended;
      expect(existsSync(copy)).toBe(false);
    } finally {
      container.kill('SIGKILL');
    }
  });
});

it('the program loads nothing, has no fixed place and no writable code, and is small', () => {
  const headers = execFileSync('readelf', ['-hlWd', probeBinary()], { encoding: 'utf8' });
  expect(headers).toMatch(/Type:\s+DYN/);
  expect(headers).not.toMatch(/INTERP|\(NEEDED\)|\bRWE\b/);
  expect(headers).toMatch(/GNU_RELRO/);
  expect(headers).toMatch(/FLAGS.*(?:BIND_)?NOW/);
  expect(statSync(probeBinary()).size).toBeLessThan(1 << 20);
});

describe.skipIf(cannotRun())('an empty root', () => {
  const inRoot = (...words: readonly string[]): string =>
    execFileSync('setpriv', [...words, '--', 'chroot', directory, '/probe'], {
      encoding: 'utf8',
      stdio: ['pipe', 'pipe', 'inherit'],
    });
  beforeAll(() => {
    copyFileSync(probeBinary(), join(directory, 'probe'));
    chmodSync(join(directory, 'probe'), 0o555);
    chmodSync(directory, 0o755);
  });

  it('has no /proc, and what it would tell is unknown', () => {
    const facts = collectProbe(inRoot('--clear-groups'), 'empty', null);
    expect(facts).toMatchObject({
      ids: { uid: [0, 0, 0], uidMap: null },
      confinement: { seccomp: 0, filters: null },
      namespaces: { pid: { inode: null } },
      mounts: null,
      descriptors: { workingDirectory: 'inside' },
      devices: { nodes: [], complete: true },
    });
    expect(
      Object.entries(facts.attempts).filter(([, { outcome }]) => ['failed', 'timeout', 'killed'].includes(outcome)),
    ).toEqual([]);
    const unknown = auditProbe(facts)
      .results.filter(({ verdict }) => verdict.status === 'unknown')
      .map(({ check }) => check.id);
    for (const id of [
      'SEC-PROBE-0004',
      'SEC-PROBE-0019',
      'SEC-PROBE-0021',
      'SEC-PROBE-0027',
      'SEC-CONTAINER-0004',
      'SEC-CONTAINER-0022',
    ])
      expect(unknown).toContain(id);
  });

  it('of a user without capabilities and with no_new_privs', () => {
    // chroot(1) needs a capability, so the user is chosen by it.
    const text = execFileSync('chroot', ['--userspec=65532:65532', '--groups=', directory, '/probe'], {
      encoding: 'utf8',
    });
    const facts = collectProbe(text, 'user', null);
    expect(facts.ids?.uid).toEqual([65532, 65532, 65532]);
    expect(facts.capabilities?.effective).toBe('0000000000000000');
    expect(facts.attempts['become-user-0']).toMatchObject({ outcome: 'denied', errno: 'EPERM' });
    expect(facts.attempts['open-by-handle']).toMatchObject({ outcome: 'denied', errno: 'EPERM' });
    expect(facts.attempts['clock-set']).toMatchObject({ outcome: 'denied', errno: 'EPERM' });
  });

  it('where no process can be made knows nothing, and passes nothing', () => {
    const words = ['--nproc=1:1', '--', 'chroot', '--userspec=65531:65531', '--groups=', directory, '/probe'];
    const facts = collectProbe(execFileSync('prlimit', words, { encoding: 'utf8' }), 'tight', null);
    expect(facts.gaps.ids).toBe('the probe could not read it: no child could be made: EAGAIN');
    expect(new Set(Object.values(facts.attempts).map(({ outcome }) => outcome))).toEqual(new Set(['failed']));
    expect(auditProbe(facts).results.filter(({ verdict }) => verdict.status === 'pass')).toEqual([]);
  });

  it('of a filter that refuses to tell ids and capabilities nothing is known of them', () => {
    const numbers = process.arch === 'arm64' ? [90, 148] : [125, 118];
    // Loads the number of the call; capget(2) and getresuid(2) are EPERM.
    const script = `import ctypes, os, struct
code = [(0x20, 0, 0, 0), (0x15, 1, 0, ${numbers[0]}), (0x15, 0, 1, ${numbers[1]}), (0x06, 0, 0, 0x00050001), (0x06, 0, 0, 0x7fff0000)]
filters = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *one) for one in code))
program = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(code), ctypes.addressof(filters)))
libc = ctypes.CDLL(None)
if os.environ["ROOT"]: os.chroot(os.environ["ROOT"])
os.chdir("/")
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, program) == 0
os.execv(os.environ["PROBE"], ["probe"])`;
    const under = (root: string, probe: string) => {
      const env = { ...process.env, ROOT: root, PROBE: probe };
      return collectProbe(execFileSync('python3', ['-c', script], { encoding: 'utf8', env }), 'mute', null);
    };
    const facts = under(directory, '/probe');
    expect([facts.ids, facts.capabilities]).toEqual([null, null]);
    const { results } = auditProbe(facts);
    const unknown = results.filter(({ verdict }) => verdict.status === 'unknown').map(({ check }) => check.id);
    for (const id of ['SEC-CONTAINER-0001', 'SEC-CONTAINER-0005', 'SEC-PROBE-0026']) expect(unknown).toContain(id);
    // /proc says it all the same.
    expect(under('', probeBinary()).capabilities?.effective).not.toBe('0000000000000000');
  });

  it('a working directory that leads out is seen (CVE-2024-21626)', () => {
    // The new root is below the working directory, which stays outside, and so does a descriptor.
    const script = `import os
fd = os.open("/", os.O_RDONLY)
os.set_inheritable(fd, True)
os.chroot(os.environ["ROOT"])
os.execv("/probe", ["/probe"])`;
    const text = execFileSync('python3', ['-c', script], {
      cwd: '/',
      env: { ...process.env, ROOT: directory },
      encoding: 'utf8',
    });
    const facts = collectProbe(text, 'outside', null);
    expect(facts.descriptors?.workingDirectory).toBe('outside');
    expect(facts.descriptors?.open.some(({ fd, leadsOut }) => fd > 2 && leadsOut)).toBe(true);
    const found = auditProbe(facts).results.find(({ check }) => check.id === 'SEC-PROBE-0020')?.verdict;
    expect(found?.status === 'fail' && found.problems.map(({ key }) => key.replace(/\d+/, 'N'))).toEqual([
      'fd N',
      'cwd',
    ]);
  });
});

describe.skipIf(cannotRun())('an engine that lies', () => {
  type Answer = (request: IncomingMessage, response: ServerResponse) => void;
  /** As docker answers, but for one path. */
  async function lying(path: string, answer: Answer, use: (socket: string) => Promise<void>): Promise<string[]> {
    const asked: string[] = [];
    const server: Server = createServer((request, response) => {
      const url = request.url ?? '';
      asked.push(`${request.method} ${url.replace(/secure-probe-[0-9a-f]+/, 'NAME')}`);
      request.resume();
      const json = (value: unknown) => response.end(JSON.stringify(value));
      if (url.includes(path)) answer(request, response);
      else if (request.method === 'HEAD') response.writeHead(404).end();
      else if (url.endsWith(`/containers/${ID}/exec`)) json({ Id: SESSION });
      else if (url.endsWith('/start')) response.end();
      else if (url.includes('/exec/')) json({ ExitCode: 0, Running: false });
      else if (url.includes('/archive')) response.end();
      else json({ Id: ID, Name: '/web', State: { Running: true, Pid: 1 } });
    });
    const socket = join(directory, 'socket');
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    try {
      await use(socket);
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
    return asked;
  }
  const codeOf = async (socket: string, seconds = 2): Promise<string> => {
    try {
      const { text } = await probeEngine({ engine: 'docker', socket, seconds }, 'web', () => {});
      collectProbe(text, 'web', null);
      return 'nothing';
    } catch (error) {
      if (!(error instanceof SecureError)) throw error;
      expect(error.message).toMatch(/^[\x20-\x7e]*$/);
      return error.code;
    }
  };
  const frame = (text: string): Buffer => {
    const head = Buffer.alloc(8);
    head[0] = 1;
    head.writeUInt32BE(text.length, 4);
    return Buffer.concat([head, Buffer.from(text)]);
  };

  it.each<readonly [string, string, Answer]>([
    ['says nothing for ever', '/start', () => {}],
    [
      'never stops',
      '/start',
      (_, response) =>
        void setInterval(() => response.destroyed || response.write(frame('x'.repeat(1 << 20))), 1).unref(),
    ],
    ['cuts its stream off', '/start', (_, response) => void response.end(frame('abc').subarray(0, 9))],
    [
      'promises more than it sends',
      '/start',
      (_, response) => void response.end(Buffer.from([1, 0, 0, 0, 255, 255, 255, 255, 1])),
    ],
    [
      'answers with another thing',
      '/start',
      (_, response) => void response.end(frame('{"probe":1,"facts":{},"attempts":[]}')),
    ],
    [
      'steers the terminal',
      '/start',
      (_, response) => void response.writeHead(500).end('\u001b]0;owned\u0007\u001b[31m'),
    ],
    ['names a session that is a path', `${ID}/exec`, (_, response) => void response.end('{"Id":"../../images/x"}')],
    [
      'names a container that is a path',
      '/containers/web/json',
      (_, response) => void response.end('{"Id":"../x","State":{"Running":true}}'),
    ],
    ['is no JSON', '/containers/web/json', (_, response) => void response.end('<html>')],
    ['does not take the program', '/archive', (_, response) => void response.writeHead(500).end('read-only')],
    ['says that it failed', `/exec/${SESSION}/json`, (_, response) => void response.end('{"ExitCode":159}')],
  ])(
    'one that %s is one error',
    async (_, path, answer) => {
      await lying(path, answer, async (socket) => {
        expect(await codeOf(socket)).toBe('AUDIT_UNREADABLE');
      });
    },
    30_000,
  );

  it('is not believed about which process is the container’s', async () => {
    // Process 1 is none of its control group: the engine has to place the program itself.
    const asked = await lying(
      '/nothing',
      () => {},
      async (socket) => {
        expect(await codeOf(socket)).toBe('AUDIT_UNREADABLE');
      },
    );
    expect(asked).toEqual([
      'GET /containers/web/json',
      `PUT /containers/${ID}/archive?path=%2F`,
      `POST /containers/${ID}/exec`,
      `POST /exec/${SESSION}/start`,
      `GET /exec/${SESSION}/json`,
      `HEAD /containers/${ID}/archive?path=%2FNAME`,
    ]);
  });

  it('what is no socket is one error', async () => {
    const file = join(directory, 'file');
    writeFileSync(file, '');
    mkdirSync(join(directory, 'socket-directory'));
    for (const socket of [file, join(directory, 'socket-directory'), join(directory, 'nowhere')])
      expect(await codeOf(socket)).toBe('AUDIT_UNREADABLE');
  });
});
