// SPDX-License-Identifier: Apache-2.0
// A user without root and a store of their own, beside root's: the same images, the same answers, files that are owned as the user's ids have it.
import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DockerRegistry, noRegistry, startRegistry } from '../support/docker-registry.ts';
import { ociLayout } from '../support/oci.ts';
import { cannotRunRootless, FIRST, OTHER_USER, outside, Rootless, USER } from '../support/rootless.ts';
import { errorCode, type Result, Secure } from '../support/secure.ts';
import { temporaryDirectory } from '../support/store.ts';

const CAPABILITY = '\u0001\0\0\u0002\0\u0004\0\0\0\0\0\0\0\0\0\0\0\0\0\0';

describe.skipIf(cannotRunRootless() || noRegistry())('without root', () => {
  const user = new Rootless();
  let root: Secure;
  let registry: DockerRegistry;
  let archive = '';
  let app = '';

  /** A layer that uses what only ids, whiteouts and attributes can say, and one that hides half of it. */
  const files = (name: string) =>
    ociLayout(join(user.root, 'layouts', name), {
      layers: [
        {
          files: [
            { path: 'etc/', mode: 0o755 },
            { path: 'etc/shadow', data: 'secret', mode: 0o600, gid: 42 },
            { path: 'etc/gone', data: name },
            { path: 'bin/su', data: 'elf', mode: 0o4755 },
            { path: 'bin/ping', data: 'elf', mode: 0o755, pax: { 'SCHILY.xattr.security.capability': CAPABILITY } },
            { path: 'srv/', uid: 33, gid: 34, mode: 0o700 },
            { path: 'srv/data', data: 'x', uid: 65_536, gid: 65_536, mode: 0o400 },
            { path: 'srv/link', type: '2', link: 'data', uid: 7, gid: 8 },
          ],
          compression: 'gzip',
        },
        {
          files: [
            { path: 'etc/.wh.gone', data: '' },
            { path: 'srv/', uid: 33, gid: 34, mode: 0o700 },
            { path: 'srv/.wh..wh..opq', data: '' },
            { path: 'srv/new', data: name, uid: 33 },
          ],
        },
      ],
      config: { Cmd: ['/bin/su'], Env: ['A=1'] },
      name: 'it',
    });

  beforeAll(async () => {
    root = await Secure.create({ netns: 'host' });
    registry = await startRegistry(join(root.root, 'registry'));
    const layout = files('app');
    registry.push(`${layout.directory}:it`, 'team/app:1', '--preserve-digests');
    app = `${registry.host}/team/app:1`;
    archive = join(user.root, 'app.tar');
    const copy = ['--insecure-policy', 'copy', '-q', `oci:${layout.directory}:it`];
    execFileSync('skopeo', [...copy, `docker-archive:${archive}:example.org/app:2`], { stdio: 'pipe' });
  });
  afterAll(async () => {
    await registry?.stop();
    await root?.destroy();
    user.destroy();
  });

  const ok = ({ code, stdout, stderr }: Result): string => {
    expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
    return stdout;
  };
  const both = async (...args: string[]): Promise<[string, string]> => [
    ok(await root.run(...args)),
    ok(await user.run(...args)),
  ];
  const layersOf = (store: string) => readdirSync(join(store, 'layers')).sort();

  it('pull and load give what root has', async () => {
    const [theirs, ours] = await both('image', 'pull', '-q', app);
    expect(ours).toBe(theirs);
    for (const run of [root, user]) ok(await run.run('image', 'load', '-i', archive));
    const [listed, list] = await both('image', 'ls', '--json');
    const names = (text: string) =>
      JSON.parse(text).images.map(({ reference, digest, size }: Record<string, unknown>) => ({
        reference,
        digest,
        size,
      }));
    expect(names(list)).toEqual(
      names(listed).filter(({ reference }: { reference: string }) => !/busybox/.test(reference)),
    );
    expect(names(list)).toHaveLength(2);
    expect(layersOf(user.store)).toEqual(
      layersOf(join(root.root, 'state')).filter((hex) => layersOf(user.store).includes(hex)),
    );
    expect(statSync(user.store).mode & 0o777).toBe(0o700);
    expect(statSync(user.store).uid).toBe(USER);
    expect(existsSync(join(user.home, 'run/secure'))).toBe(true);
  });

  it('files belong to the ids of the user that stand for those of the image, bit by bit otherwise', () => {
    for (const hex of layersOf(user.store)) {
      const [ours, theirs] = [user.store, join(root.root, 'state')].map((store) => join(store, 'layers', hex, 'root'));
      const paths = readdirSync(theirs as string, { recursive: true, encoding: 'utf8' }).sort();
      expect(readdirSync(ours as string, { recursive: true, encoding: 'utf8' }).sort()).toEqual(paths);
      for (const path of paths) {
        const [mine, their] = [ours, theirs].map((tree) => lstatSync(join(tree as string, path)));
        expect({ path, mode: mine?.mode, uid: mine?.uid, gid: mine?.gid, rdev: mine?.rdev }).toEqual({
          path,
          mode: their?.mode,
          uid: outside(their?.uid ?? -1),
          gid: outside(their?.gid ?? -1),
          rdev: their?.rdev,
        });
      }
      const marked = (tree: string) =>
        execFileSync('python3', ['-c', LIST_MARKS, tree], { encoding: 'utf8' }).replaceAll('trusted.', 'user.');
      expect(marked(ours as string)).toBe(marked(theirs as string));
    }
  });

  it('set-user-id files are nothing to anybody else', async () => {
    const su = readdirSync(join(user.store, 'layers'))
      .map((hex) => join(user.store, 'layers', hex, 'root/bin/su'))
      .find((path) => existsSync(path));
    expect(statSync(su as string)).toMatchObject({ uid: USER, mode: 0o104755 });
    const { code, stderr } = await user.program([su as string], { user: OTHER_USER, cwd: '/' });
    expect([code, /Permission denied/.test(stderr)]).toEqual([126, true]);
  });

  it.each([
    ['inspect', ['image', 'inspect', 'example.org/app:2']],
    ['inspect --tree', ['image', 'inspect', '--tree', 'example.org/app:2']],
    ['history', ['image', 'history', 'example.org/app:2']],
    ['sbom', ['image', 'sbom', 'example.org/app:2']],
  ])('%s says what it says to root', async (_, args) => {
    const [theirs, ours] = await both(...args);
    const undated = (text: string) => text.replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'T');
    expect(undated(ours)).toBe(undated(theirs));
    expect(ours).not.toBe('');
  });

  it('save writes the bytes that root writes, and the file is the user’s', async () => {
    const [one, other] = [join(root.root, 'saved.tar'), join(user.home, 'saved.tar')];
    ok(await root.run('image', 'save', 'example.org/app:2', app, '-o', one));
    ok(
      await user.call(['image', 'save', 'example.org/app:2', app, '-o', 'saved.tar'], {
        before: ['sh', '-c', 'umask 077; exec "$@"', 'sh'],
      }),
    );
    expect(readFileSync(other).equals(readFileSync(one))).toBe(true);
    expect(statSync(other)).toMatchObject({ uid: USER, gid: USER, mode: 0o100600 });
    // Back through a pipe, whose other end was there before the namespace.
    ok(await user.call(['image', 'load', '--force'], { input: readFileSync(one) }));
  });

  it('check compares, prune and rm remove, and nothing of any id is left', async () => {
    const checked = JSON.parse(ok(await user.run('system', 'check', '--deep', '--json')));
    expect([checked.findings, checked.verified.compared]).toEqual([[], checked.verified.layers]);
    ok(await user.run('image', 'tag', app, 'mine'));
    expect(ok(await user.run('image', 'ls', '-q', 'localhost/mine'))).toBe('localhost/mine:latest\n');
    const names = ok(await user.run('image', 'ls', '-q'))
      .split('\n')
      .filter(Boolean);
    ok(await user.run('image', 'rm', ...names));
    ok(await user.run('image', 'prune'));
    ok(await user.run('system', 'prune'));
    expect([layersOf(user.store), readdirSync(join(user.store, 'tmp'))]).toEqual([[], []]);
  });

  it('push, sign and verify work, and the container commands say that they do not', async () => {
    ok(await user.run('image', 'pull', '-q', app));
    const target = `${registry.host}/mine/app:1`;
    ok(await user.run('image', 'tag', app, target));
    ok(await user.run('image', 'push', target));
    const digest = execFileSync(
      'skopeo',
      ['inspect', '--tls-verify=false', '--format', '{{.Digest}}', `docker://${target}`],
      { encoding: 'utf8' },
    );
    expect(ok(await user.run('image', 'ls', '--no-trunc', target))).toContain(digest.trim());
    const [key, pub] = [join(user.home, 'key.pem'), join(user.home, 'key.pub')];
    await user.program(['openssl', 'ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', key]);
    await user.program(['openssl', 'pkey', '-in', key, '-pubout', '-out', pub]);
    expect((await user.run('image', 'verify', target, '--key', pub)).code).not.toBe(0);
    ok(await user.run('image', 'sign', target, '--key', key));
    ok(await user.run('image', 'verify', target, '--key', pub));
    ok(await root.run('image', 'verify', target, '--key', pub));
    mkdirSync(join(user.root, 'context'), { recursive: true });
    execFileSync('sh', ['-c', 'echo "FROM scratch\nRUN true" > "$1/Dockerfile"', 'sh', join(user.root, 'context')]);
    for (const args of [
      ['run', '--rm', app, 'true'],
      ['image', 'build', join(user.root, 'context')],
    ])
      expect(errorCode(await user.run(...args))).toBe('NOT_ROOT');
  });

  it('a store is opened in the form that it was made in', async () => {
    const asRoot = await root.call(['image', 'ls'], { env: { SECURE_STATE_ROOT: user.store } });
    expect(asRoot.code).not.toBe(0);
    // Though it were root's by its owner.
    const taken = join(temporaryDirectory(), 'taken');
    execFileSync('cp', ['-a', user.store, taken]);
    execFileSync('chown', ['-R', '0:0', taken]);
    expect(errorCode(await root.call(['image', 'ls'], { env: { SECURE_STATE_ROOT: taken } }))).toBe('STORE_FOREIGN');
    const given = join(user.home, 'given');
    execFileSync('cp', ['-a', join(root.root, 'state'), given]);
    execFileSync('chown', [`${USER}:${USER}`, given, join(given, 'images')]);
    const env = { SECURE_STATE_ROOT: given };
    expect(errorCode(await user.call(['image', 'ls'], { env }))).toBe('STORE_FOREIGN');
    expect(errorCode(await user.run('image', 'ls'))).toBeUndefined();
  });

  it('other ids than those that it was made with are refused; more of them are not', async () => {
    const line = (first: number, count: number) => `somebody:${first}:${count}\n`;
    const moved = { subuid: line(FIRST + 100_000, 65_536) };
    expect(errorCode(await user.call(['image', 'ls'], moved))).toBe('STORE_FOREIGN');
    expect(errorCode(await user.call(['image', 'ls'], { subgid: line(FIRST, 100) }))).toBe('STORE_FOREIGN');
    const more = line(FIRST, 65_536) + line(FIRST + 500_000, 1000);
    ok(await user.call(['image', 'ls'], { subuid: more, subgid: more }));
  });

  it('a range that is too small is said with the id, the file and the layer', async () => {
    const line = `somebody:${FIRST}:1000\n`;
    const env = { XDG_DATA_HOME: join(user.home, 'small') };
    for (const [ids, file, kind] of [
      [{ subuid: line }, '/etc/subuid', 'user'],
      [{ subgid: line }, '/etc/subgid', 'group'],
    ] as const) {
      const result = await user.call(['image', 'pull', '-q', app], {
        env: { XDG_DATA_HOME: `${env.XDG_DATA_HOME}-${kind}` },
        ...ids,
      });
      expect(errorCode(result)).toBe('ID_UNMAPPED');
      expect(result.stderr).toMatch(new RegExp(`layer sha256:[0-9a-f]{64}: .*srv/data.* ${kind} 65536`));
      expect(result.stderr).toContain(file);
    }
  });
});

/** Every extended attribute below a directory, as one line each. */
const LIST_MARKS = `
import os, sys
for at, directories, files in os.walk(os.fsencode(sys.argv[1])):
    for name in sorted(directories + files):
        path = os.path.join(at, name)
        for key in sorted(os.listxattr(path, follow_symlinks=False)):
            if not key.startswith('security.'):
                print(os.path.relpath(path, os.fsencode(sys.argv[1])), key, os.getxattr(path, key, follow_symlinks=False))
`;
