// SPDX-License-Identifier: Apache-2.0
// One image in every storage driver that docker and podman have here: what is found in it, and what is installed in it, is the same.
import { type ChildProcess, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EngineFixture } from '../support/engine.ts';
import { SecureHost } from '../support/engine-secure.ts';
import { cannotRun, until } from '../support/secure.ts';

interface Recorded {
  readonly target: string;
  readonly name: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

/** What a layer adds, replaces and removes. */
const DOCKERFILE = `FROM base:1
COPY key /root/.ssh/id_ed25519
COPY key /srv/kept.pem
COPY key /srv/replaced.pem
COPY status /var/lib/dpkg/status
COPY os-release /etc/os-release
COPY gone /opt/gone
RUN chmod 4755 /bin/tool && chown 4321:4321 /srv/mine && chmod 777 /srv/mine
RUN rm -r /root/.ssh /opt/gone && echo nothing > /srv/replaced.pem && mkdir -p /opt/gone && echo x > /opt/gone/new
`;
const KEY =
  '-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAE\n-----END OPENSSH PRIVATE KEY-----\n';
const ADVISORY = {
  ...{ schema_version: '1.6.0', id: 'CVE-2026-1', modified: '2026-01-01T00:00:00Z', summary: 'a flaw' },
  affected: [
    {
      package: { ecosystem: 'Debian:12', name: 'openssl' },
      ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '3.0.2-1' }] }],
    },
  ],
};

describe.skipIf(cannotRun())('an image of an engine', () => {
  let fixture: EngineFixture;
  let machine: SecureHost;
  let saved: string;
  let onOverlay: Recorded['facts'];

  const sh = (script: string) => machine.host.sh(script);
  async function docker<T>(flags: readonly string[], use: () => Promise<T>): Promise<T> {
    const path = join(machine.directory, `dockerd${flags.join('')}.log`);
    const log = openSync(path, 'a');
    const daemon = machine.host.spawn('dockerd', [...flags, '--userland-proxy=false'], { stdio: ['ignore', log, log] });
    const ended = new Promise((resolve) => daemon.once('close', resolve));
    try {
      await until('dockerd answers', async () => (await machine.host.run('docker', ['info'])).code === 0, 40).catch(
        (cause) => {
          throw new Error(readFileSync(path, 'utf8').slice(-2000), { cause });
        },
      );
      return await use();
    } finally {
      await machine.host.run('sh', ['-c', 'kill $(cat /run/docker.pid)']);
      await ended;
    }
  }
  async function podman<T>(flags: readonly string[], use: () => Promise<T>): Promise<T> {
    await sh(`mkdir -p /run/podman; podman ${flags.join(' ')} load -i ${saved}`);
    const words = [...flags, 'system', 'service', '-t', '0', 'unix:///run/podman/podman.sock'];
    const service: ChildProcess = machine.host.spawn('podman', words, { stdio: 'ignore' });
    const ended = new Promise((resolve) => service.once('close', resolve));
    const asked = ['-sfm', '5', '--unix-socket', '/run/podman/podman.sock', 'http://engine/info'];
    try {
      await until('podman answers', async () => (await machine.host.run('curl', asked)).code === 0, 40);
      return await use();
    } finally {
      await machine.host.run('sh', ['-c', 'kill $(pgrep -f "podman .*system service")']);
      await ended;
      await sh('rm -f /run/podman/podman.sock');
    }
  }
  /** What is known of the image, without what names the engine and the moment. */
  async function facts(engine: string): Promise<Recorded['facts']> {
    const file = join(machine.directory, 'facts');
    const audit = await machine.secure('audit', 'engine', engine, '--save-facts', file, '--fail-on', 'none');
    expect(audit, audit.stderr).toMatchObject({ code: 0 });
    const all = readFileSync(file, 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Recorded);
    const found = all.find(({ target, name }) => target === 'image' && name.endsWith('app:1'));
    const { files, accounts, incomplete, vulnerabilities } = found?.facts ?? {};
    return { files, accounts, incomplete, vulnerabilities };
  }
  const left = (): string[] => {
    const state = join(machine.directory, 'state/tmp');
    return existsSync(state) ? readdirSync(state) : [];
  };

  beforeAll(async () => {
    fixture = new EngineFixture('docker');
    machine = await SecureHost.create();
    saved = join(machine.directory, 'app.tar');
    const root = fixture.busybox();
    mkdirSync(join(root, 'srv'));
    writeFileSync(join(root, 'srv/mine'), 'mine');
    writeFileSync(join(root, 'bin/tool'), 'tool', { mode: 0o755 });
    writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\n');
    // cap_net_raw=ep: capabilities(7), version 2.
    const capability = '0100000200200000000000000000000000000000';
    const set = 'import os, sys; os.setxattr(sys.argv[1], "security.capability", bytes.fromhex(sys.argv[2]))';
    writeFileSync(join(root, 'bin/capable'), 'tool', { mode: 0o755 });
    execFileSync('python3', ['-c', set, join(root, 'bin/capable'), capability]);
    execFileSync('tar', [
      '-C',
      root,
      '--xattrs',
      '--xattrs-include=security.capability',
      '-cf',
      join(machine.directory, 'base.tar'),
      '.',
    ]);
    const context = join(machine.directory, 'context');
    mkdirSync(join(context, 'gone/deep'), { recursive: true });
    for (const [name, text] of Object.entries({
      Dockerfile: DOCKERFILE,
      key: KEY,
      status: 'Package: openssl\nStatus: install ok installed\nArchitecture: amd64\nVersion: 3.0.1-1\n',
      'os-release': 'ID=debian\nVERSION_ID="12"\n',
      'gone/deep/id_rsa': KEY,
    }))
      writeFileSync(join(context, name), text);
    writeFileSync(join(machine.directory, 'advisory.json'), JSON.stringify(ADVISORY));
    const db = await machine.secure('audit', 'db', 'import', join(machine.directory, 'advisory.json'));
    expect(db, db.stderr).toMatchObject({ code: 0 });
    onOverlay = await docker(['--storage-driver', 'overlay2'], async () => {
      await sh(`docker import ${join(machine.directory, 'base.tar')} base:1`);
      await sh(`DOCKER_BUILDKIT=0 docker build --network none -t app:1 ${context}`);
      await sh(`docker save -o ${saved} app:1`);
      return facts('docker');
    });
  }, 180_000);
  afterAll(async () => {
    await machine?.destroy();
    expect(await fixture?.destroy()).toEqual([]);
  }, 60_000);

  it('on overlay2: what its layers have, and have had', () => {
    const { files, vulnerabilities, incomplete } = onOverlay as {
      files: Record<string, { path: string; hidden?: boolean; uid?: number }[]>;
      vulnerabilities: { found: { id: string }[]; packages: number };
      incomplete: string | null;
    };
    expect(incomplete).toBeNull();
    expect(files.secrets?.map(({ path, hidden }) => [path, hidden])).toEqual(
      expect.arrayContaining([
        ['root/.ssh/id_ed25519', true],
        ['srv/kept.pem', false],
        ['srv/replaced.pem', true],
        ['opt/gone/deep/id_rsa', true],
      ]),
    );
    expect(files.setid?.map(({ path }) => path)).toContain('bin/tool');
    expect(files.capable?.map(({ path }) => path)).toEqual(['bin/capable']);
    expect(files.strangers?.map(({ uid }) => uid)).toEqual([4321]);
    expect([vulnerabilities.found.map(({ id }) => id), vulnerabilities.packages]).toEqual([['CVE-2026-1'], 1]);
  });

  it.each([['vfs'], ['fuse-overlayfs']])(
    'docker on %s: the same',
    async (driver) => {
      await docker(['--storage-driver', driver], async () => {
        await sh(`docker load -i ${saved}`);
        expect(await facts('docker')).toEqual(onOverlay);
      });
      expect(left()).toEqual([]);
    },
    120_000,
  );

  it('docker that maps ids: the same', async () => {
    await sh('echo dockremap:1700000000:65536 > /etc/subuid; echo dockremap:1700000000:65536 > /etc/subgid');
    await docker(['--storage-driver', 'overlay2', '--userns-remap', 'default'], async () => {
      await sh(`docker load -i ${saved}`);
      expect(await facts('docker')).toEqual(onOverlay);
    });
  }, 120_000);

  it.each([['vfs'], ['overlay']])(
    'podman on %s: the same',
    async (driver) => {
      await podman(['--root', `/var/lib/containers/${driver}`, '--storage-driver', driver], async () =>
        expect(await facts('podman')).toEqual(onOverlay),
      );
    },
    120_000,
  );

  it('podman that has fuse-overlayfs merge layers: the same', async () => {
    const flags = [
      '--root',
      '/var/lib/containers/fuse',
      '--storage-driver',
      'overlay',
      '--storage-opt',
      'overlay.mount_program=/usr/bin/fuse-overlayfs',
    ];
    await podman(flags, async () => expect(await facts('podman')).toEqual(onOverlay));
  }, 120_000);
});
