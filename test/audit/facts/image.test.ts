// SPDX-License-Identifier: Apache-2.0
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: of other languages
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pathText } from '../../../src/audit/facts/image/files.ts';
import { collectImage } from '../../../src/audit/facts/image.ts';
import { importImage } from '../../../src/runtime/images/import/import.ts';
import { type LayoutSpec, ociLayout } from '../../support/oci.ts';
import { codeOf, noExtractor, openStore, temporaryDirectory } from '../../support/store.ts';
import type { TarEntry } from '../../support/tar.ts';

const BODY = 'MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj\n'.repeat(3);
// In two parts, so that this file is no finding itself.
const pem = (kind: string) => `-----BEGIN ${kind}PRIVATE ${'KEY'}-----\n${BODY}-----END ${kind}PRIVATE ${'KEY'}-----\n`;
const PASSWD = { path: 'etc/passwd', data: 'root:x:0:0::/root:/bin/sh\napp:x:1000:1000::/:/bin/sh\n' };

async function imported(layers: readonly (readonly TarEntry[])[], spec: Partial<LayoutSpec> = {}) {
  const layout = ociLayout(join(temporaryDirectory(), 'layout'), {
    layers: layers.map((files) => ({ files })),
    ...spec,
  });
  const store = await openStore();
  await importImage(store, layout.directory, { name: 'x' });
  return { store, layout };
}

async function facts(layers: readonly (readonly TarEntry[])[], spec: Partial<LayoutSpec> = {}) {
  const { store, layout } = await imported(layers, spec);
  return { ...(await collectImage(store, 'x')), layout };
}

const secrets = async (...layers: readonly (readonly TarEntry[])[]) =>
  (await facts(layers)).files.secrets.map(({ path, what, hidden }) => [path, what, hidden]);

describe.skipIf(noExtractor())('files of an image', () => {
  it('are what a container sees', async () => {
    const { files, incomplete, accounts } = await facts([
      [
        PASSWD,
        { path: 'bin/su', data: 'x', mode: 0o4755 },
        { path: 'bin/gone', data: 'x', mode: 0o4755 },
        { path: 'bin/wall', data: 'x', mode: 0o2755, gid: 5 },
        { path: 'old/su', data: 'x', mode: 0o4755 },
        { path: 'tmp/', mode: 0o1777 },
        { path: 'open/', mode: 0o777 },
        { path: 'changed/', mode: 0o777 },
        { path: 'open/file', data: 'x', mode: 0o666 },
        { path: 'link', type: '2', link: '/etc', mode: 0o777 },
        { path: 'var/lib/apt/lists/lock', data: '' },
        { path: 'var/lib/apt/lists/a_Packages', data: '12345' },
        { path: 'theirs', data: 'x', uid: 501 },
      ],
      [
        { path: 'bin/.wh.gone', data: '' },
        { path: 'old/.wh..wh..opq', data: '' },
        { path: 'old/new', data: 'x' },
        { path: 'changed/', mode: 0o755 },
      ],
    ]);
    expect(files.setid).toEqual([
      { path: 'bin/su', mode: 0o4755, uid: 0, gid: 0 },
      { path: 'bin/wall', mode: 0o2755, uid: 0, gid: 5 },
    ]);
    expect(files.writable.map(({ path, directory }) => [path, directory])).toEqual([
      ['open', true],
      ['open/file', false],
    ]);
    expect(files.caches).toEqual([{ path: 'var/lib/apt/lists', files: 1, bytes: 5 }]);
    expect(files.strangers).toEqual([{ uid: 501, files: 1, example: 'theirs' }]);
    expect(accounts?.map(({ name }) => name)).toEqual(['root', 'app']);
    expect(incomplete).toBeNull();
  });

  it('with capabilities are those that are still there', async () => {
    const capability = Buffer.from('0100000200200000000000000000000000000000', 'hex').toString('latin1');
    const pax = { 'SCHILY.xattr.security.capability': capability };
    const { files } = await facts([
      [
        { path: 'bin/ping', data: 'x', pax },
        { path: 'bin/odd\u0001\u200b', data: 'x', pax },
        { path: 'bin/gone', data: 'x', pax },
      ],
      [{ path: 'bin/.wh.gone', data: '' }],
    ]);
    expect(files.capable.map(({ path }) => path)).toEqual(['bin/odd\\x01\\xe2\\x80\\x8b', 'bin/ping']);
  });

  it('that hold secrets count in every layer', async () => {
    expect(
      await secrets(
        [
          { path: 'root/.ssh/id_rsa', data: pem('RSA ') },
          { path: 'root/.ssh/id_rsa.pub', data: 'ssh-rsa AAAA' },
          { path: 'etc/tls/server.pem', data: `Bag Attributes\n${pem('')}` },
          { path: 'etc/tls/kept.txt', data: pem('ENCRYPTED ') },
          { path: 'etc/tls/ca.pem', data: pem('').replaceAll('PRIVATE KEY', 'CERTIFICATE') },
          { path: 'usr/share/doc/x/key.pem', data: pem('') },
          { path: 'usr/lib/x.py', data: `MARK = "-----BEGIN RSA PRIVATE ${'KEY'}-----"\n`.padEnd(100) },
          { path: 'app/.git/HEAD', data: 'ref: refs/heads/main\n' },
          { path: 'lib/.git/objects/', type: '5' },
          { path: 'app/.env', data: 'PORT=80\nexport DB_PASSWORD="hunter2"\n' },
          { path: 'lib/.env', data: 'PORT=80\nDB_PASSWORD=\nTOKEN_URL=https://example.com\n' },
          { path: 'app/.npmrc', data: '//registry.example/:_authToken=abcdefgh12\n' },
          { path: 'lib/.npmrc', data: '//registry.example/:_authToken=${NPM_TOKEN}\n' },
        ],
        [
          { path: 'root/.ssh/.wh.id_rsa', data: '' },
          { path: 'app/.wh..git', data: '' },
        ],
      ),
    ).toEqual([
      ['app/.env', 'a file of settings, where passwords stand', false],
      ['app/.git', 'a repository with its whole history', true],
      ['app/.npmrc', 'a file of credentials', false],
      ['etc/tls/kept.txt', 'an encrypted private key', false],
      ['etc/tls/server.pem', 'a private key', false],
      ['root/.ssh/id_rsa', 'a private key of ssh', true],
    ]);
  });

  it('of a layer that hides all below are the only ones seen', async () => {
    const { files } = await facts([
      [
        { path: 'su', data: 'x', mode: 0o4755 },
        { path: 'id_rsa', data: 'x' },
      ],
      [
        { path: '.wh..wh..opq', data: '' },
        { path: 'etc/passwd', data: PASSWD.data },
      ],
    ]);
    expect(files.setid).toEqual([]);
    expect(files.secrets).toMatchObject([{ path: 'id_rsa', hidden: true }]);
  });

  it('that are hostile are neither followed nor opened', async () => {
    const outside = temporaryDirectory();
    writeFileSync(join(outside, 'key.pem'), pem(''), { mode: 0o666 });
    const { files } = await facts([
      [
        PASSWD,
        { path: 'out', type: '2', link: outside },
        { path: 'key.pem', type: '2', link: join(outside, 'key.pem') },
        { path: 'loop', type: '2', link: 'loop' },
        { path: 'id_rsa', type: '6' },
        { path: 'app/.git', type: '2', link: outside },
        { path: 'etc/shadow', type: '2', link: '/etc/shadow' },
        { path: 'huge.pem', data: pem('').padEnd(70_000, 'A') },
        { path: 'a\u001b[2Jb', data: 'x', mode: 0o666 },
      ],
    ]);
    expect(files.secrets).toEqual([]);
    expect(files.writable.map(({ path }) => path)).toEqual(['a\\x1b[2Jb']);
  });

  it('of one kind are counted up to a limit, and the others all the same', async () => {
    const many = Array.from({ length: 1100 }, (_, i) => ({ path: `bin/${i}`, data: 'x', mode: 0o4755 }));
    const { files, incomplete } = await facts([[...many, { path: 'zz/open', data: 'x', mode: 0o666 }]]);
    expect(files.setid).toHaveLength(1000);
    expect(files.writable).toHaveLength(1);
    expect(incomplete).toBeNull();
  });

  it('whose names are no text are shown as bytes', () => {
    expect(pathText(Buffer.from([0x61, 0xff, 0x2f, 0x62]))).toBe('a\\xff/b');
    expect(pathText(Buffer.from('é/ä'))).toBe('é/ä');
    expect(pathText(Buffer.from('a\u202eb'))).toBe('a\\xe2\\x80\\xaeb');
  });

  it('of a layer that is not unpacked are unknown', async () => {
    const { store, layout } = await imported([[{ path: 'su', data: 'x', mode: 0o4755 }], [{ path: 'b', data: 'x' }]]);
    rmSync(store.paths.layer(layout.layers[0]?.diffId ?? ''), { recursive: true });
    const { incomplete, accounts } = await collectImage(store, 'x');
    expect(incomplete).toBe('1 of 2 layers are not unpacked');
    expect(accounts).toBeNull();
  });

  it('of a layer that was exchanged for a link are not looked at', async () => {
    const { store, layout } = await imported([[PASSWD]]);
    const root = join(store.paths.layer(layout.layers[0]?.diffId ?? ''), 'root');
    renameSync(root, `${root}.old`);
    const { symlinkSync } = await import('node:fs');
    symlinkSync('/etc', root);
    await expect(collectImage(store, 'x')).rejects.toThrow(/ELOOP|ENOTDIR/);
  });
});

describe.skipIf(noExtractor())('an image', () => {
  it.each([
    ['root::0:0::/:', '', ['root']],
    ['root:x:0:0::/:', 'root::19000::::::', ['root']],
    ['root:x:0:0::/:', 'root:*:19000::::::', []],
    ['root:x:0:0::/:', 'root:!:19000::::::\napp::1::::::', []],
    ['root:!:0:0::/:', 'root::19000::::::', []],
    ['a::00:0::/:\nb', '', ['a']],
  ])('accounts %j and %j', async (passwd, shadow, expected) => {
    const { accounts } = await facts([
      [
        { path: 'etc/passwd', data: `${passwd}\n` },
        { path: 'etc/shadow', data: `${shadow}\n` },
      ],
    ]);
    expect(accounts?.filter(({ open }) => open).map(({ name }) => name)).toEqual(expected);
  });

  it('accounts too many to be some are unknown', async () => {
    const { accounts } = await facts([[{ path: 'etc/passwd', data: 'x'.repeat((1 << 20) + 1) }]]);
    expect(accounts).toBeNull();
  });

  it('says what its configuration says', async () => {
    const alterConfig = (config: Record<string, unknown>) => ({
      ...config,
      created: '2026-01-02T03:04:05Z',
      history: [{ created_by: 'ENV A=b' }, { empty_layer: true }],
    });
    const config = { User: 'app', Healthcheck: { Test: ['CMD', 'true'] }, ExposedPorts: { '22/tcp': {} } };
    const found = await facts([[PASSWD]], { config, alterConfig });
    expect(found).toMatchObject({
      reference: 'localhost/x:latest',
      digest: found.layout.digest,
      origin: 'imported',
      created: '2026-01-02T03:04:05Z',
      config: { user: 'app', healthcheck: true, exposedPorts: ['22/tcp'] },
      history: ['ENV A=b', ''],
    });
  });

  it.each(['1970-01-01T00:00:00Z', 'yesterday', undefined])('built %s has no date', async (created) => {
    expect((await facts([[PASSWD]], { alterConfig: (config) => ({ ...config, created }) })).created).toBeNull();
  });

  it('that is not there or damaged is an error', async () => {
    const { store, layout } = await imported([[PASSWD]]);
    expect(await codeOf(collectImage(store, 'y'))).toBe('IMAGE_NOT_FOUND');
    expect(await codeOf(collectImage(store, 'Y'))).toBe('REFERENCE_INVALID');
    writeFileSync(store.paths.blob(layout.configDigest), '{}');
    expect(await codeOf(collectImage(store, 'x'))).toBe('STORE_CORRUPT');
  });
});
