// SPDX-License-Identifier: Apache-2.0
// Engines of users: which sockets are theirs, and what one that lies is worth. The tree is made by root, the hostile part of it by "users".
import { execFileSync } from 'node:child_process';
import { chownSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { CHECKS } from '../../../src/audit/checks/index.ts';
import { collectEngineTargets } from '../../../src/audit/engines.ts';
import { namedSocket, userSockets } from '../../../src/audit/facts/engine/sockets.ts';
import type { EngineUser } from '../../../src/audit/facts/engine/types.ts';
import type { EngineFacts } from '../../../src/audit/facts/engine.ts';
import { usersOf } from '../../../src/audit/facts/host/users.ts';
import type { ImageAuditFacts } from '../../../src/audit/facts/image/types.ts';
import { isEngineSocket } from '../../../src/audit/sockets.ts';
import { collectEngines, type FoundEngine } from '../../../src/cli/audit/engines.ts';
import { mountFuse } from '../../support/fuse.ts';
import { temporaryDirectory } from '../../support/store.ts';

const ALICE: EngineUser = { name: 'alice', uid: 21_057 };

/** A socket that nobody listens on. */
const makeSocket = (path: string) =>
  execFileSync('python3', ['-c', 'import os, stat, sys; os.mknod(sys.argv[1], stat.S_IFSOCK | 0o600)', path]);

function machine(): { root: string; owned: (path: string, uid: number, kind?: 'socket' | 'directory') => string } {
  const root = temporaryDirectory();
  const owned = (path: string, uid: number, kind: 'socket' | 'directory' = 'directory') => {
    const place = join(root, path);
    if (kind === 'socket') makeSocket(place);
    else mkdirSync(place, { recursive: true });
    chownSync(place, uid, uid);
    return place;
  };
  for (const path of ['etc', 'run/user', 'home']) mkdirSync(join(root, path), { recursive: true });
  writeFileSync(
    join(root, 'etc/passwd'),
    'root:x:0:0::/root:/bin/sh\nalice:x:21057:21057::/home/alice:/bin/sh\nbob:x:21058:21058::/home/bob:/bin/sh\n',
  );
  return { root, owned };
}
function found(root: string): [engine: string, path: string, user: string | undefined][] {
  const sockets = userSockets(['docker', 'podman'], root);
  for (const one of sockets) one.close();
  return sockets.map(({ engine, path, user }) => [engine, path, user?.name]);
}

describe('sockets of users', () => {
  it('below a file system of theirs, which tells root nothing, are passed over', () => {
    const { root, owned } = machine();
    for (const path of ['home/alice', 'run/user/21057', 'run/user/21057/podman', 'run/user/21057/docker.sock'])
      owned(path, 21_057);
    owned('run/user/21057/podman/podman.sock', 21_057, 'socket');
    owned('home/bob', 21_058);
    for (const path of ['home/bob', 'run/user/21057/docker.sock']) mountFuse(join(root, path), 21_057);
    expect(found(root)).toEqual([['podman', '/run/user/21057/podman/podman.sock', 'alice']]);
    mountFuse(join(root, 'run/user/21057'), 21_057);
    mountFuse(join(root, 'home/alice'), 21_057);
    expect(found(root)).toEqual([]);
  });

  it('are those below /run/user and in homes, one of each engine and user', () => {
    const { root, owned } = machine();
    owned('run/user/21057', 21_057);
    owned('run/user/21057/docker.sock', 21_057, 'socket');
    owned('run/user/21057/podman', 21_057);
    owned('run/user/21057/podman/podman.sock', 21_057, 'socket');
    for (const name of ['alice', 'bob'])
      for (const path of ['', '/.docker', '/.docker/run'])
        owned(`home/${name}${path}`, name === 'alice' ? 21_057 : 21_058);
    owned('home/alice/.docker/run/docker.sock', 21_057, 'socket');
    owned('home/bob/.docker/run/docker.sock', 21_058, 'socket');
    // One without an account is called by its number.
    owned('run/user/21059', 21_059);
    owned('run/user/21059/docker.sock', 21_059, 'socket');
    expect(found(root)).toEqual([
      ['docker', '/run/user/21057/docker.sock', 'alice'],
      ['podman', '/run/user/21057/podman/podman.sock', 'alice'],
      ['docker', '/run/user/21059/docker.sock', '21059'],
      ['docker', '/home/bob/.docker/run/docker.sock', 'bob'],
    ]);
  });

  it('are not what a link of theirs leads to, nor what is somebody else’s', () => {
    const { root, owned } = machine();
    makeSocket(join(root, 'run/docker.sock'));
    owned('run/user/21057', 21_057);
    symlinkSync('/run/docker.sock', join(root, 'run/user/21057/docker.sock'));
    // A directory that is a link, to one with a socket of the user's own in it.
    owned('run/elsewhere', 21_057);
    owned('run/elsewhere/podman.sock', 21_057, 'socket');
    symlinkSync('/run/elsewhere', join(root, 'run/user/21057/podman'));
    // A directory of another user, a socket of root, a FIFO, a name that is no user.
    owned('run/user/21058', 21_057);
    owned('run/user/21058/docker.sock', 21_058, 'socket');
    owned('run/user/21059', 21_059);
    owned('run/user/21059/docker.sock', 0, 'socket');
    owned('run/user/21060', 21_060);
    execFileSync('mkfifo', [join(root, 'run/user/21060/docker.sock')]);
    owned('run/user/0', 0);
    owned('run/user/0/docker.sock', 0, 'socket');
    owned('run/user/../x', 21_057);
    // A home that is a link of its user into another one.
    owned('home/bob', 21_058);
    for (const path of ['x', 'x/run']) owned(`home/bob/${path}`, 21_058);
    owned('home/bob/x/run/docker.sock', 21_058, 'socket');
    symlinkSync('x', join(root, 'home/bob/.docker'));
    expect(found(root)).toEqual([]);
  });

  it('a home is read as it stands in passwd, and nothing else', () => {
    expect(
      usersOf('a:x:1:1::/:/x\nb:x:0:0::/b:/x\nc:x:2:2::/../c:/x\nd:x:x:2::/d:/x\n#e:x:3:3::/e:/x\nf:x:4:4::/f//:/x\n'),
    ).toEqual([{ name: 'f', uid: 4, gid: 4, home: '/f' }]);
  });

  it('one of root is root’s wherever its owner was changed, and a user’s in a directory of his', () => {
    const { root, owned } = machine();
    const user = (path: string) => {
      const socket = namedSocket('docker', path);
      socket?.close();
      return socket?.user?.uid ?? null;
    };
    expect(user(owned('run/docker.sock', 21_057, 'socket'))).toBeNull();
    owned('run/user/21057', 21_057);
    expect(user(owned('run/user/21057/docker.sock', 21_057, 'socket'))).toBe(21_057);
    // A directory of root's in one of his: he can move it, and another one there.
    mkdirSync(join(root, 'run/user/21057/roots'));
    expect(user(owned('run/user/21057/roots/docker.sock', 21_057, 'socket'))).toBe(21_057);
    expect(namedSocket('docker', join(root, 'etc/passwd'))).toBeUndefined();
    expect(namedSocket('docker', join(root, 'nothing'))).toBeUndefined();
  });
});

async function asked(user: EngineUser | null, info: Record<string, unknown>, image: Record<string, unknown> = {}) {
  const socket = join(temporaryDirectory(), 'socket');
  const answers: Record<string, unknown> = {
    '/info': { ServerVersion: '29.0.0', SecurityOptions: ['name=seccomp,profile=builtin', 'name=rootless'], ...info },
    '/images/json': [{ Id: `sha256:${'a'.repeat(64)}`, RepoTags: ['x:1'] }],
    [`/images/sha256:${'a'.repeat(64)}/json`]: {
      Id: `sha256:${'a'.repeat(64)}`,
      RepoTags: ['x:1'],
      Config: {},
      ...image,
    },
  };
  const server = createServer((request, response) => response.end(JSON.stringify(answers[request.url ?? ''] ?? [])));
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
    rmSync(socket, { force: true });
  });
  return collectEngineTargets({ engine: 'docker', path: '/run/user/21057/docker.sock', user, connect: socket });
}
const judged = (facts: EngineFacts) =>
  Object.fromEntries(CHECKS.engine.map((check) => [check.id, check.check(facts).status]));

it('what is mounted from a home is such a socket, too', () => {
  expect(
    ['/home/a/.docker/run/docker.sock', '/home/a/.docker/run', '/run/user/7/podman/podman.sock'].map(isEngineSocket),
  ).toEqual([true, true, true]);
  expect(['/home/a/.docker', '/home/a/.docker/run/x', '/.docker/run'].map(isEngineSocket)).toEqual([
    false,
    false,
    false,
  ]);
});

describe('an engine of a user', () => {
  it('is called after him, with everything of it', async () => {
    const found = await asked(ALICE, {});
    expect(found.map(({ name }) => name)).toEqual(['docker~alice', 'docker~alice/x:1']);
    const statuses = judged(found[0]?.facts as EngineFacts);
    expect([statuses['SEC-ENGINE-0001'], statuses['SEC-ENGINE-0020']]).toEqual(['pass', 'pass']);
  });

  it.each<[string, Record<string, unknown>, RegExp]>([
    ['that it runs as root', { SecurityOptions: ['name=seccomp,profile=builtin'] }, /says that it runs as root/],
    [
      'that it has the directory of root',
      { DockerRootDir: '/etc' },
      /keeps everything in "\/etc", which belongs to user 0/,
    ],
  ])('that says %s passes nothing, and is named', async (_, info, words) => {
    const found = await asked(ALICE, info);
    expect(found.map(({ name }) => name)).toEqual(['docker~alice']);
    const facts = found[0]?.facts as EngineFacts;
    const { 'SEC-ENGINE-0020': word, ...others } = judged(facts);
    expect(word).toBe('fail');
    expect(new Set(Object.values(others))).toEqual(new Set(['unknown']));
    expect(facts.contradictions.join()).toMatch(words);
  });

  it.each([
    ['is no path', '/a\0b'],
    ['is too long', `/${'a'.repeat(300)}`],
    ['leads through a file', '/etc/passwd/x'],
    ['leads through a link', '/proc/self/root/etc'],
  ])('whose directory %s is asked on', async (_, DockerRootDir) => {
    const [engine] = await asked(ALICE, { DockerRootDir });
    expect(engine?.facts).toMatchObject({ contradictions: [], info: { rootless: true } });
  });

  it('does not choose what root reads', async () => {
    const data = temporaryDirectory();
    chownSync(data, ALICE.uid, ALICE.uid);
    mkdirSync(join(data, 'layer/root/.ssh'), { recursive: true });
    writeFileSync(join(data, 'layer/root/.ssh/id_ed25519'), '-----BEGIN OPENSSH PRIVATE KEY-----\nx\n');
    const image = { GraphDriver: { Name: 'overlay2', Data: { UpperDir: join(data, 'layer') } } };
    const facts = async (user: EngineUser | null) => {
      const options = ['name=seccomp,profile=builtin', ...(user === null ? [] : ['name=rootless'])];
      const found = await asked(user, { DockerRootDir: data, SecurityOptions: options }, image);
      return found.find(({ target }) => target === 'image')?.facts as ImageAuditFacts;
    };
    expect((await facts(null)).files.secrets.map(({ path }) => path)).toEqual(['root/.ssh/id_ed25519']);
    const theirs = await facts(ALICE);
    expect(theirs.files.secrets).toEqual([]);
    expect(theirs.incomplete).not.toBeNull();
  });
});

describe('engines of many users', () => {
  it('are asked when that of root has answered, whatever they send', async () => {
    const seen: string[] = [];
    const listen = async (name: string, wait: number): Promise<string> => {
      const socket = join(temporaryDirectory(), name);
      const server = createServer((request, response) => {
        seen.push(name);
        const answer = { ServerVersion: '29.0.0', SecurityOptions: ['name=seccomp,profile=builtin', 'name=rootless'] };
        setTimeout(() => response.end(JSON.stringify(request.url === '/info' ? answer : [])), wait);
      });
      await new Promise<void>((resolve) => server.listen(socket, resolve));
      onTestFinished(() => {
        server.closeAllConnections();
        server.close();
      });
      return socket;
    };
    const [user, root] = [await listen('user', 0), await listen('root', 100)];
    const engine = (connect: string, whose: EngineUser | null): FoundEngine => ({
      engine: 'docker',
      socket: { engine: 'docker', path: connect, user: whose, connect, close() {} },
    });
    await collectEngines([engine(user, ALICE), engine(root, null)], { contents: false });
    expect(seen.lastIndexOf('root')).toBeGreaterThanOrEqual(0);
    expect(seen.indexOf('user')).toBeGreaterThan(seen.lastIndexOf('root'));
  });

  it('that say nothing keep nobody waiting for longer than all of them may take, and each is named', async () => {
    const socket = join(temporaryDirectory(), 'silent');
    const server = createServer(() => {});
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const found = Array.from({ length: 9 }, (_, i): FoundEngine => {
      const user = { name: `user${i}`, uid: 30_000 + i };
      return {
        engine: 'docker',
        socket: { engine: 'docker', path: `/run/user/${user.uid}/docker.sock`, user, connect: socket, close() {} },
      };
    });
    const collected = await collectEngines(found, { contents: false, usersMilliseconds: 300 });
    expect(collected.map(({ name }) => name)).toEqual(found.map((_, i) => `docker~user${i}`));
    const why = collected.map(({ facts }) => (facts as EngineFacts).problems.info ?? '');
    expect(why.slice(0, 4).every((one) => one.startsWith('it did not answer within'))).toBe(true);
    expect(why.slice(4).every((one) => /^it was not asked: .* --socket \/run\/user\/\d+\/docker.sock$/.test(one))).toBe(
      true,
    );
    for (const { facts } of collected)
      expect(new Set(Object.values(judged(facts as EngineFacts)))).toEqual(new Set(['unknown']));
  });

  it('may fill no more than 32 MiB each', async () => {
    const socket = join(temporaryDirectory(), 'large');
    const large = JSON.stringify('x'.repeat(20 << 20));
    const server = createServer((_, response) => response.end(large));
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const [engine] = await collectEngineTargets({ engine: 'docker', path: '/x', user: ALICE, connect: socket });
    const facts = engine?.facts as EngineFacts | undefined;
    expect(Object.values(facts?.problems ?? {})).toContain('its answers are larger than 32 MiB altogether');
  });
});
