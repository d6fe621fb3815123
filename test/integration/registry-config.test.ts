// SPDX-License-Identifier: Apache-2.0
// docker-registry that wants a client certificate, behind a mirror and in the clear; and artifacts where it knows no referrers API.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseReference } from '../../src/runtime/images/reference.ts';
import { RegistryClient } from '../../src/runtime/registry/client.ts';
import { pushArtifact } from '../../src/runtime/registry/push/artifact.ts';
import { type Certificate, selfSigned, signedBy } from '../support/certificates.ts';
import { type DockerRegistry, noRegistry, startRegistry } from '../support/docker-registry.ts';
import { type Layout, ociLayout } from '../support/oci.ts';
import { noCredentials } from '../support/registry.ts';
import { cannotRun, errorCode, Secure } from '../support/secure.ts';

describe.skipIf(cannotRun() || noRegistry())('a registry that is configured', () => {
  let secure: Secure;
  let layout: Layout;
  let [authority, client]: Certificate[] = [];
  let [mutual, plain]: DockerRegistry[] = [];
  beforeAll(async () => {
    secure = await Secure.create({ netns: 'host' });
    const tls = join(secure.root, 'tls');
    authority = selfSigned(tls, 'authority');
    client = signedBy(authority, tls, 'client');
    mutual = await startRegistry(join(secure.root, 'mutual'), {
      tls: signedBy(authority, tls, 'server'),
      clients: authority.cert,
    });
    plain = await startRegistry(join(secure.root, 'plain'));
    layout = ociLayout(join(secure.root, 'layout-it'), { layers: [{ files: [{ path: 'a', data: 'a' }] }], name: 'it' });
    await secure.run('image', 'import', layout.directory, '--name', 'it');
  });
  afterAll(async () => {
    await Promise.all([mutual?.stop(), plain?.stop()]);
    await secure.destroy();
  });
  beforeEach(() => rmSync(join(secure.root, '.config'), { recursive: true, force: true }));
  const configure = (registries: object) => {
    const directory = join(secure.root, '.config/secure');
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, 'config.yaml'), JSON.stringify({ registries }));
  };

  it('gets our certificate, and what we pushed skopeo finds with the same directory', async () => {
    const host = mutual?.host ?? '';
    const target = `${host}/team/app:1`;
    expect(errorCode(await secure.run('image', 'push', '-q', 'it', target))).toBe('REGISTRY_UNREACHABLE');
    configure({ [host]: { ca: authority?.cert, cert: client?.cert, key: client?.key } });
    expect((await secure.run('image', 'push', '-q', 'it', target)).stdout).toBe(`${target}@${layout.digest}\n`);
    rmSync(join(secure.root, '.config/secure'), { recursive: true });
    const certs = join(secure.root, '.config/containers/certs.d', host);
    mkdirSync(certs, { recursive: true });
    copyFileSync(authority?.cert ?? '', join(certs, 'ca.crt'));
    copyFileSync(client?.cert ?? '', join(certs, 'client.cert'));
    copyFileSync(client?.key ?? '', join(certs, 'client.key'));
    expect((await secure.run('image', 'pull', '-q', target)).stdout).toBe(`${target}@${layout.digest}\n`);
    const shown = execFileSync('skopeo', ['inspect', '--cert-dir', certs, `docker://${target}`], { encoding: 'utf8' });
    expect(JSON.parse(shown).Digest).toBe(layout.digest);
  });

  it('is warned of when it is insecure, in JSON and quietly too', async () => {
    const host = plain?.host ?? '';
    configure({ [host]: { insecure: true } });
    const { code, stdout, stderr } = await secure.run('image', 'push', '--json', 'it', `${host}/team/insecure:1`);
    expect([code, JSON.parse(stdout).digest]).toEqual([0, layout.digest]);
    expect(stderr).toMatch(new RegExp(`^warning: registry ${host} is configured as insecure`));
    expect((await secure.run('image', 'pull', '-q', `${host}/team/insecure:1`)).stderr).toContain('warning: ');
  });

  it('has mirrors for what is named by digest', async () => {
    const host = plain?.host ?? '';
    await secure.run('image', 'push', '-q', 'it', `${host}/copy/team/mirrored:1`);
    // A registry that is not there, with a mirror that is.
    configure({ '127.0.0.1:1': { mirrors: [`${host}/copy`] } });
    const pinned = `127.0.0.1:1/team/mirrored@${layout.digest}`;
    expect((await secure.run('image', 'pull', '-q', pinned)).stdout).toBe(`${pinned}\n`);
    expect(errorCode(await secure.run('image', 'pull', '-q', '127.0.0.1:1/team/mirrored:1'))).toBe(
      'REGISTRY_UNREACHABLE',
    );
  });

  it('that is configured badly is one error with file, line and column', async () => {
    mkdirSync(join(secure.root, '.config/secure'), { recursive: true });
    const file = join(secure.root, '.config/secure/config.yaml');
    writeFileSync(file, 'registries:\n  registry.example:\n    insecur: true\n');
    for (const args of [
      ['image', 'pull', 'registry.example/x'],
      ['run', '--rm', 'busybox', 'true'],
    ]) {
      const { stderr } = await secure.run(...args);
      expect(stderr).toContain(`CONFIG_INVALID: ${file}:3:5: `);
      expect(stderr).toContain('did you mean insecure?');
    }
  });

  it('without the referrers API lists artifacts by tag, where skopeo finds them', async () => {
    const host = plain?.host ?? '';
    await secure.run('image', 'push', '-q', 'it', `${host}/team/app:1`);
    const reference = parseReference(`${host}/team/app:1`);
    const env = noCredentials();
    const subject = { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: layout.digest, size: 500 };
    const artifactType = 'application/vnd.cyclonedx+json';
    const layers = [{ mediaType: artifactType, data: Buffer.from('{}{}') }];
    const pushed = await pushArtifact(reference, { artifactType, subject, layers }, { env });
    const tag = layout.digest.replace(':', '-');
    expect(pushed.listed).toEqual({ tag });
    const repository = new RegistryClient(reference, { env });
    try {
      expect(await repository.referrers(layout.digest, artifactType)).toMatchObject([
        { digest: pushed.digest, artifactType },
      ]);
    } finally {
      repository.close();
    }
    const words = ['inspect', '--raw', '--tls-verify=false', `docker://${host}/team/app:${tag}`];
    const index = JSON.parse(execFileSync('skopeo', words, { encoding: 'utf8' }));
    expect(index.manifests).toMatchObject([{ digest: pushed.digest, artifactType }]);
  });
});
