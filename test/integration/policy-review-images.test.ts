// SPDX-License-Identifier: Apache-2.0
// Images that are reviewed where they are: in a registry, in archives of others, in a layout. Nothing of them gets into the store, and no layer is fetched.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Layout, ociLayout } from '../support/oci.ts';
import { FakeRegistry, send, snapshot } from '../support/registry.ts';
import { cannotRun, errorCode, Secure } from '../support/secure.ts';
import { Key, offerCosign, simple } from '../support/signatures.ts';

const SIGNATURE = 'dev.cosignproject.cosign/signature';
const missing = () => cannotRun() || (process.env.SECURE_MUST_WORK !== '1' && !existsSync('/usr/bin/skopeo'));

/** Says of each image everything that rules see. */
const TELLING = [
  'apiVersion: secure/v1',
  'kind: Policy',
  'extends: [default]',
  'rules:',
  '  - id: told',
  '    target: image',
  '    require: "false"',
  `    message: "{{ image.reference }} {{ image.digest }} {{ image.origin }} {{ image.config.labels['team'] }} {{ image.layers }} {{ image.signed }}"`,
].join('\n');

describe.skipIf(missing())('policy review of images', () => {
  let secure: Secure;
  let layout: Layout;
  let telling: string;
  const path = (name: string) => join(secure.root, name);
  const write = (name: string, text: string) => {
    writeFileSync(path(name), text);
    return path(name);
  };
  const skopeo = (...words: string[]) =>
    execFileSync('skopeo', ['--insecure-policy', 'copy', '-q', '--preserve-digests', ...words], { stdio: 'pipe' });
  const review = (policy: string, ...words: string[]) => secure.run('policy', 'review', '--policy', policy, ...words);
  /** What the rule told of each image. */
  const told = async (...words: string[]) => {
    const { code, stdout, stderr } = await review(telling, '--json', ...words);
    expect([code, stderr]).toEqual([1, '']);
    const { audited } = JSON.parse(stdout) as { audited: { results: { problems: { message: string }[] }[] }[] };
    return audited.map(({ results }) => results[0]?.problems[0]?.message);
  };
  const state = () => snapshot(path('state'));

  beforeAll(async () => {
    secure = await Secure.create({ netns: 'host' });
    telling = write('telling.yaml', TELLING);
    layout = ociLayout(path('made'), {
      layers: [{ files: [{ path: 'a', data: 'a' }], compression: 'gzip' }, { files: [{ path: 'b', data: 'b' }] }],
      config: { Labels: { team: 'x' }, Cmd: ['/a'] },
      name: 'registry.example/team/app:1',
    });
  });
  afterAll(() => secure.destroy());

  it('of a layout and of archives sees what an import would, and imports nothing', async () => {
    const { directory, digest, layers } = layout;
    skopeo(
      `oci:${directory}:registry.example/team/app:1`,
      `oci-archive:${path('oci.tar')}:registry.example/team/app:2`,
    );
    execFileSync('skopeo', [
      '--insecure-policy',
      'copy',
      '-q',
      `oci:${directory}:registry.example/team/app:1`,
      `docker-archive:${path('docker.tar')}:registry.example/team/app:3`,
    ]);
    execFileSync('gzip', ['-k', path('docker.tar')]);
    const before = [state(), readdirSync(tmpdir()).filter((name) => name.startsWith('secure-look-'))];
    const ids = JSON.stringify(layers.map(({ diffId }) => diffId));
    expect(await told(directory, path('oci.tar'))).toEqual([
      `registry.example/team/app:1 ${digest} imported x ${ids} false`,
      `registry.example/team/app:2 ${digest} imported x ${ids} false`,
    ]);
    const archived = await told(path('docker.tar'), path('docker.tar.gz'));
    expect(archived[0]).toBe(archived[1]);
    expect([state(), readdirSync(tmpdir()).filter((name) => name.startsWith('secure-look-'))]).toEqual(before);
    // The digest is the one that it has once it is here.
    expect(await secure.run('image', 'load', '-i', path('docker.tar'))).toMatchObject({ code: 0 });
    expect(await told('registry.example/team/app:3')).toEqual(archived.slice(0, 1));
  });

  it('of an archive without a name takes one that is given', async () => {
    const { directory } = ociLayout(path('nameless'), {
      layers: [{ files: [{ path: 'n' }] }],
      config: { Labels: { team: 'y' } },
    });
    expect((await told('--name', 'registry.example/other:7', directory))[0]).toMatch(/^registry\.example\/other:7 /);
    expect((await told(directory))[0]).toMatch(/^ sha256:/);
    const named = write('named.yaml', TELLING.replace('require: "false"', `require: "image.ref().tag == '7'"`));
    expect((await review(named, '--name', 'registry.example/other:7', directory)).code).toBe(0);
    const unnamed = await review(named, directory);
    expect([unnamed.code, unnamed.stdout]).toEqual([1, expect.stringContaining('cannot be evaluated')]);
  });

  it('of what lies about its content, is cut off or holds nothing ends in an error', async () => {
    const broken = ociLayout(path('broken'), { layers: [{ files: [{ path: 'n' }] }] });
    writeFileSync(broken.blob(broken.configDigest), '{}');
    expect(errorCode(await review(telling, broken.directory))).toBe('DIGEST_MISMATCH');
    write('cut.tar', readFileSync(path('oci.tar'), 'latin1').slice(0, 1500));
    expect(errorCode(await review(telling, path('cut.tar')))).toBe('ARCHIVE_TRUNCATED');
    mkdirSync(path('plain'));
    execFileSync('tar', ['-C', path('plain'), '-cf', path('rootfs.tar'), '.']);
    expect(errorCode(await review(telling, path('rootfs.tar')))).toBe('LAYOUT_INVALID');
    execFileSync('mkfifo', [path('fifo')]);
    expect((await review(telling, path('fifo'))).code).not.toBe(0);
  });

  describe('of a registry', () => {
    const signed = (registry: FakeRegistry, key: Key, more = '') =>
      write(
        'signed.yaml',
        [
          'apiVersion: secure/v1',
          'kind: Policy',
          'extends: default',
          `run: { origins: { pulled: signature } }${more}`,
          'images:',
          `  - match: "${registry.host}/team/*"`,
          `    require: { cosign: { key: ${key.path} } }`,
          'rules: [{ id: told, target: image, require: "image.signed" }]',
        ].join('\n'),
      );
    const sign = (registry: FakeRegistry, key: Key) => {
      const payload = simple(`${registry.host}/team/app`, layout.digest);
      offerCosign(registry, layout.digest, [
        { payload, annotations: { [SIGNATURE]: key.sign(payload).toString('base64') } },
      ]);
    };

    it('sees manifest and config, fetches no layer, and keeps nothing', async () => {
      const registry = await FakeRegistry.start();
      registry.publish(layout);
      const before = state();
      const ids = JSON.stringify(layout.layers.map(({ diffId }) => diffId));
      const name = `${registry.host}/team/app:1`;
      expect(await told(`docker://${name}`)).toEqual([`${name} ${layout.digest} pulled x ${ids} false`]);
      expect(await told(`docker://${registry.host}/team/app@${layout.digest}`)).toHaveLength(1);
      const blobs = new Set(registry.paths.filter((each) => each.includes('/blobs/')));
      expect([...blobs]).toEqual([registry.blobPath(layout.configDigest)]);
      expect(state()).toEqual(before);
    });

    it('asks for the signature that the policy requires, as a run does', async () => {
      const registry = await FakeRegistry.start();
      registry.publish(layout);
      const [key, target] = [new Key(), `docker://${registry.host}/team/app:1`];
      const policy = signed(registry, key);
      const before = state();
      const unsigned = await review(policy, target);
      expect(unsigned.code).toBe(1);
      expect(unsigned.stdout).toContain('x images  The policy accepts where the image is from');
      expect(unsigned.stdout).toContain('x told');
      sign(registry, new Key());
      expect((await review(policy, target)).code).toBe(1);
      sign(registry, key);
      const fine = await review(policy, '--verbose', target);
      expect([fine.code, fine.stdout]).toEqual([0, expect.stringContaining('+ images')]);
      expect((await secure.run('policy', 'explain', policy, target)).stdout).toContain('no rule refuses');
      expect(state()).toEqual(before);
      // By its origin alone: nobody said whose signature counts.
      const origin = write(
        'origin.yaml',
        'apiVersion: secure/v1\nkind: Policy\nextends: default\nrun: { origins: { pulled: signature } }\n',
      );
      expect((await review(origin, target)).code).toBe(1);
      // In an archive nothing is known of it, which is no pass.
      const archive = write(
        'archive.yaml',
        readFileSync(policy, 'utf8')
          .replace(`${registry.host}/team/*`, 'registry.example/team/*')
          .replace(/^rules.*$/m, ''),
      );
      expect((await review(archive, layout.directory)).stdout).toContain('? images');
    });

    it('is held against what was made of a policy of Kyverno', async () => {
      const registry = await FakeRegistry.start();
      registry.publish(layout);
      const [key, target] = [new Key(), `docker://${registry.host}/team/app:1`];
      const pem = readFileSync(key.path, 'utf8').trim().split('\n').join('\n                      ');
      const kyverno = write(
        'kyverno.yaml',
        `apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: signed}
spec:
  rules:
    - name: check
      match: {any: [{resources: {kinds: [Pod]}}]}
      verifyImages:
        - imageReferences: ["${registry.host}/team/*"]
          attestors:
            - entries:
                - keys:
                    rekor: {ignoreTlog: true}
                    publicKeys: |-
                      ${pem}
`,
      );
      const imported = await secure.run('policy', 'import', 'kyverno', kyverno, '--keys', path('kyverno-keys'));
      expect(imported, imported.stderr).toMatchObject({ code: 0, stderr: '' });
      const policy = write('from-kyverno.yaml', imported.stdout);
      expect((await review(policy, target)).code).toBe(1);
      sign(registry, new Key());
      expect((await review(policy, target)).code).toBe(1);
      sign(registry, key);
      expect(await review(policy, target)).toMatchObject({ code: 0 });
      const audited = await secure.run('policy', 'import', 'kyverno', write('k.yaml', 'kind: Pod\napiVersion: v1\n'));
      expect(errorCode(audited)).toBe('POLICY_INVALID');
      const docker = await secure.run(
        'policy',
        'import',
        'docker',
        write('daemon.json', '{"seccomp-profile": "unconfined", "default-ulimits": {"nproc": {"Hard": 9, "Soft": 9}}}'),
      );
      expect([docker.code, docker.stdout]).toEqual([1, expect.stringContaining('nproc: 9')]);
      expect(docker.stderr).toContain('daemon.json:1:2: not mapped: seccomp-profile');
    });

    it('that sends something else than what was asked for is not believed', async () => {
      const registry = await FakeRegistry.start();
      registry.publish(layout);
      registry.routes.set(registry.blobPath(layout.configDigest), send(200, '{"os":"linux"}'));
      expect(errorCode(await review(telling, `docker://${registry.host}/team/app:1`))).toBe('DIGEST_MISMATCH');
      expect(errorCode(await review(telling, `docker://${registry.host}/team/app:none`))).toBe('MANIFEST_UNKNOWN');
      expect(errorCode(await review(telling, 'docker://UPPER'))).toBe('REFERENCE_INVALID');
    });
  });
});
