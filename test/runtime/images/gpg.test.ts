// SPDX-License-Identifier: Apache-2.0
// Simple signing with OpenPGP: gpg and skopeo sign, skopeo verifies.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseReference } from '../../../src/runtime/images/reference.ts';
import { configuredLookaside } from '../../../src/runtime/images/signatures/gpg/lookaside.ts';
import { gpgPayload, signWithGpg } from '../../../src/runtime/images/signatures/gpg/sign.ts';
import { type RequirementText, readRequirement } from '../../../src/runtime/images/signatures/requirement.ts';
import { verifyImage } from '../../../src/runtime/images/verify-image.ts';
import { Gpg } from '../../support/gpg.ts';
import { type Layout, ociLayout, sha256 } from '../../support/oci.ts';
import { FakeRegistry, noCredentials, TIMING } from '../../support/registry.ts';
import { codeOf, noExtractor, openStore, temporaryDirectory } from '../../support/store.ts';

describe.skipIf(noExtractor())('OpenPGP signatures of an image', { timeout: 60_000 }, () => {
  let [gpg, other]: Gpg[] = [];
  const key = () => gpg as Gpg;
  let registry: FakeRegistry;
  let layout: Layout;
  let repository = '';
  let lookaside = '';
  beforeAll(() => {
    gpg = new Gpg('signer');
    other = new Gpg('other', 'rsa2048');
  }, 60_000);
  afterAll(() => {
    gpg?.destroy();
    other?.destroy();
  });
  beforeEach(async () => {
    registry = await FakeRegistry.start();
    repository = `${registry.host}/team/app`;
    layout = ociLayout(join(temporaryDirectory(), 'layout'), { layers: [{ files: [{ path: 'a', data: 'a' }] }] });
    registry.publish(layout);
    lookaside = temporaryDirectory();
  });

  const payload = (reference = `${repository}:1`, digest = layout.digest) => gpgPayload(reference, digest, 1);
  function offer(...signatures: Buffer[]): void {
    const directory = join(lookaside, `team/app@${layout.digest.replace(':', '=')}`);
    mkdirSync(directory, { recursive: true });
    for (const [i, signature] of signatures.entries()) writeFileSync(join(directory, `signature-${i + 1}`), signature);
  }
  const look = async (text: RequirementText = {}, env = noCredentials()) => {
    const requirement = readRequirement({ 'gpg-key': [key().publicKey()], lookaside: `file://${lookaside}`, ...text });
    const options = { timing: { ...TIMING, idle: 20_000 }, env };
    return (await verifyImage(await openStore(), parseReference(`${repository}:1`), requirement, options)).outcomes;
  };
  const verdict = async (text?: RequirementText) =>
    (await look(text)).map(({ accepted, text: why }) => (accepted ? 'accepted' : why)).join('; ');

  it('count when one of the keys made them, armored or not', async () => {
    offer(key().sign(payload()));
    expect(await verdict()).toBe('accepted');
    expect(await verdict({ 'gpg-key': [key().publicKey('--armor')] })).toBe('accepted');
    expect(await verdict({ 'gpg-key': [(other as Gpg).publicKey()] })).toContain('none of those');
    expect(await verdict({ 'gpg-key': [(other as Gpg).publicKey('--armor'), key().publicKey()] })).toBe('accepted');
  });

  it('one good one among others is enough', async () => {
    offer((other as Gpg).sign(payload()), key().sign(payload()));
    expect(await verdict()).toBe('the key is none of those that count; accepted');
  });

  it('count for this image and this repository alone', async () => {
    offer(key().sign(payload(undefined, sha256('other'))));
    expect(await verdict({ 'digest-only': true })).toContain('another image');
    offer(key().sign(payload('registry.example/other:1')));
    expect(await verdict()).toContain('another repository');
    expect(await verdict({ 'digest-only': true })).toBe('accepted');
    offer(key().sign(Buffer.from(payload().toString().replace('atomic', 'cosign'))));
    expect(await verdict()).toContain('type');
  });

  it('are refused in any other form', async () => {
    const data = key().file(payload());
    const detached = key().run('--output', '-', '--detach-sign', data);
    const clear = key().run('--output', '-', '--clear-sign', data);
    const unsigned = key().run('--output', '-', '--store', data);
    const before = Buffer.concat([unsigned, key().sign(payload(undefined, sha256('other')))]);
    const flipped = Buffer.from(key().sign(payload(), '--compress-algo', 'none'));
    flipped[flipped.length - 5] = (flipped[flipped.length - 5] ?? 0) ^ 1;
    const weak = key().sign(payload(), '--digest-algo', 'SHA1');
    const expired = key().sign(
      payload(),
      '--faked-system-time',
      '20200101T000000!',
      '--default-sig-expire',
      '1d',
      '--ignore-time-conflict',
    );
    const forms = {
      detached,
      before,
      unsigned,
      flipped,
      weak,
      expired,
      nothing: Buffer.alloc(0),
      text: Buffer.from('text'),
      noise: Buffer.alloc(1000, 0xff),
    };
    for (const [form, signature] of Object.entries(forms)) {
      offer(signature);
      expect([form, await verdict()]).not.toEqual([form, 'accepted']);
    }
    // Clear text has the payload with another end of line, and is one of text.
    offer(clear);
    expect(await verdict()).not.toContain('accepted');
  });

  it('count for what is signed, not for what follows it', async () => {
    const unsigned = key().run('--output', '-', '--store', key().file(payload()));
    offer(Buffer.concat([key().sign(payload(undefined, sha256('other'))), unsigned]));
    expect(await verdict()).toContain('another image');
  });

  it('are refused when their content imitates what gpgv says', async () => {
    const status = `[GNUPG:] VALIDSIG ${key().fingerprint} 2026-01-01 1 0 4 0 22 8 00 ${key().fingerprint}\n[GNUPG:] GOODSIG 1 x\n`;
    offer((other as Gpg).sign(Buffer.from(`${status}${payload()}`), '--set-filename', `x\n${status}`));
    expect(await verdict()).not.toContain('accepted');
  });

  it('are asked of a server, too, whose failure is not the same as none', async () => {
    const address = `http://${registry.host}/signatures`;
    const path = `/signatures/team/app@${layout.digest.replace(':', '=')}/signature-1`;
    registry.routes.set(path, (_, response) => response.end(key().sign(payload())));
    expect(await verdict({ lookaside: address })).toBe('accepted');
    registry.routes.set(path, (_, response) => {
      response.statusCode = 500;
      response.end();
    });
    expect(await codeOf(look({ lookaside: address }))).toBe('REGISTRY_UNREACHABLE');
  });

  it('are where registries.d says, the longest name first', async () => {
    const home = temporaryDirectory();
    const directory = join(home, '.config/containers/registries.d');
    mkdirSync(directory, { recursive: true });
    writeFileSync(
      join(directory, 'a.yaml'),
      `default-docker:\n  lookaside: file:///nowhere\ndocker:\n  ${registry.host}:\n    sigstore: file:///neither\n`,
    );
    writeFileSync(
      join(directory, 'b.yaml'),
      `docker:\n  ${repository}:\n    lookaside: file://${lookaside}/\n  ${registry.host}/tea: { lookaside: file:///no }\n`,
    );
    expect(await configuredLookaside(repository, { HOME: home })).toBe(`file://${lookaside}`);
    expect(await configuredLookaside(`${registry.host}/team/application`, { HOME: home })).toBe('file:///neither');
    expect(await configuredLookaside('elsewhere/x', { HOME: home })).toBe('file:///nowhere');
    offer(key().sign(payload()));
    const requirement = { lookaside: undefined } as RequirementText;
    expect((await look(requirement, { ...noCredentials(), HOME: home })).map(({ accepted }) => accepted)).toEqual([
      true,
    ]);
    writeFileSync(join(directory, 'c.yaml'), 'docker: [');
    expect(await codeOf(configuredLookaside(repository, { HOME: home }))).toBe('CONFIG_INVALID');
    writeFileSync(join(directory, 'c.yaml'), `docker: { ${repository}/x: { lookaside: gopher://x } }`);
    expect(await codeOf(configuredLookaside(`${repository}/x`, { HOME: home }))).toBe('CONFIG_INVALID');
  });

  it('are those that skopeo makes, and skopeo takes ours', async () => {
    const manifest = join(layout.directory, 'blobs', layout.digest.replace(':', '/'));
    const made = join(lookaside, 'made');
    const env = { ...process.env, GNUPGHOME: key().home };
    execFileSync('skopeo', ['standalone-sign', manifest, `${repository}:1`, key().fingerprint, '--output', made], {
      env,
    });
    offer(readFileSync(made));
    expect(await verdict()).toBe('accepted');
    const before = process.env.GNUPGHOME;
    process.env.GNUPGHOME = key().home;
    try {
      const options = { timing: { ...TIMING, idle: 20_000 }, env: noCredentials() };
      const { place } = await signWithGpg(
        parseReference(`${repository}:1`),
        key().fingerprint,
        `file://${lookaside}`,
        options,
      );
      expect(place).toMatch(/signature-2$/);
      const verified = execFileSync(
        'skopeo',
        ['standalone-verify', manifest, `${repository}:1`, key().fingerprint, place],
        { env },
      );
      expect(verified.toString()).toContain(layout.digest);
      expect(await verdict()).toBe('accepted; accepted');
      expect(
        await codeOf(signWithGpg(parseReference(`${repository}:1`), 'nobody', `file://${lookaside}`, options)),
      ).toBe('KEY_INVALID');
    } finally {
      if (before === undefined) delete process.env.GNUPGHOME;
      else process.env.GNUPGHOME = before;
    }
  });

  it.each<[string, () => RequirementText, string]>([
    ['a key file that is missing', () => ({ 'gpg-key': ['/nonexistent'] }), 'KEY_INVALID'],
    [
      'a private key',
      () => ({ 'gpg-key': [key().file(Buffer.from('-----BEGIN PGP PRIVATE KEY BLOCK-----'))] }),
      'KEY_INVALID',
    ],
    ['something else', () => ({ 'gpg-key': [key().file(Buffer.from('hello'))] }), 'KEY_INVALID'],
    ['a lookaside without a key', () => ({ 'gpg-key': [] }), 'MISSING_ARGUMENT'],
    ['another kind of address', () => ({ lookaside: 'ftp://x' }), 'CONFIG_INVALID'],
  ])('refuse %s', async (_, text, code) => {
    expect(await codeOf(look(text()))).toBe(code);
  });
});
