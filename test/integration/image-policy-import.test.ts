// SPDX-License-Identifier: Apache-2.0
// policy.json of podman, imported: what skopeo lets through with it, `run` lets through with ours, and nothing else.
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DockerRegistry, noRegistry, startRegistry } from '../support/docker-registry.ts';
import { Gpg } from '../support/gpg.ts';
import { busyboxLayout } from '../support/oci.ts';
import { cannotRun, errorCode, Secure } from '../support/secure.ts';
import { Key } from '../support/signatures.ts';

const execute = promisify(execFile);
const ACCEPT = [{ type: 'insecureAcceptAnything' }];
const REJECT = [{ type: 'reject' }];

describe.skipIf(cannotRun() || noRegistry())('policy.json of podman', { timeout: 240_000 }, () => {
  let secure: Secure;
  let registry: DockerRegistry;
  let [gpg, other]: Gpg[] = [];
  let [host, registries, vendor] = ['', '', ''];
  const keys = { ours: '', others: '' };

  beforeAll(async () => {
    secure = await Secure.create({ netns: 'host' });
    [gpg, other] = [new Gpg('signer'), new Gpg('other')];
    [keys.ours, keys.others] = [gpg.publicKey(), other.publicKey()];
    registry = await startRegistry(join(secure.root, 'registry'));
    host = registry.host;
    registries = join(secure.root, '.config/containers/registries.d');
    mkdirSync(registries, { recursive: true });
    const lookaside = join(secure.root, 'lookaside');
    writeFileSync(join(registries, 'all.yaml'), `default-docker: { lookaside: "file://${lookaside}" }\n`);
    const layout = busyboxLayout(join(secure.root, 'pushed')).directory;
    const push = (name: string, by?: Gpg) => {
      const sign = by === undefined ? [] : ['--sign-by', by.fingerprint];
      // Not in one go: the registry writes its log to a pipe that somebody has to read meanwhile.
      return execute(
        'skopeo',
        [
          ...['--insecure-policy', '--registries.d', registries, 'copy', '-q', '--dest-tls-verify=false', ...sign],
          ...[`oci:${layout}`, `docker://${host}/${name}`],
        ],
        { env: { ...process.env, GNUPGHOME: by?.home ?? '/nonexistent' } },
      );
    };
    await push('team/unsigned:1');
    await push('team/signed:1', gpg);
    // The content of :1, of which somebody says that it is :2.
    await push('team/signed:2');
    await push('team/foreign:1', other);
    await push('team/special:1', other);
    await push('free/app:1');
    vendor = execFileSync(
      'skopeo',
      ['inspect', '--tls-verify=false', '--format', '{{.Digest}}', `docker://${host}/free/app:1`],
      {
        encoding: 'utf8',
      },
    ).trim();
    // A mirror: what lies here was signed under its own name.
    const signature = gpg.sign(
      Buffer.from(
        JSON.stringify({
          critical: {
            identity: { 'docker-reference': 'vendor.example/app:1' },
            image: { 'docker-manifest-digest': vendor },
            type: 'atomic container signature',
          },
          optional: {},
        }),
      ),
    );
    await push('mirror/app:1');
    for (const name of ['app', 'foreign', 'none']) await push(`sigstore/${name}:1`);
    const directory = join(lookaside, `mirror/app@${vendor.replace(':', '=')}`);
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, 'signature-1'), signature);
  }, 120_000);
  afterAll(async () => {
    gpg?.destroy();
    other?.destroy();
    await registry?.stop();
    await secure?.destroy();
  });

  const signed = (keyPath: string, signedIdentity?: object) => ({
    type: 'signedBy',
    keyType: 'GPGKeys',
    keyPath,
    ...(signedIdentity === undefined ? {} : { signedIdentity }),
  });
  async function imported(
    policy: object,
    ...flags: string[]
  ): Promise<{ json: string; yaml: string; stderr: string; code: number }> {
    const [json, yaml] = [join(secure.root, 'policy.json'), join(secure.root, 'policy.yaml')];
    writeFileSync(json, JSON.stringify(policy, null, 2));
    const { code, stdout, stderr } = await secure.run('policy', 'import', 'podman', json, ...flags);
    writeFileSync(yaml, stdout);
    return { json, yaml, stderr, code };
  }
  function bySkopeo(json: string, name: string): boolean {
    const to = join(secure.root, 'copy');
    const words = ['--policy', json, '--registries.d', registries, 'copy', '-q', '--src-tls-verify=false'];
    const { status, stderr } = spawnSync('skopeo', [...words, `docker://${host}/${name}`, `dir:${to}`], {
      encoding: 'utf8',
    });
    rmSync(to, { recursive: true, force: true });
    if (status !== 0) expect(stderr).toMatch(/rejected|signature|Source image rejected/i);
    return status === 0;
  }
  async function byUs(yaml: string, name: string): Promise<boolean> {
    rmSync(join(secure.root, 'state/signatures'), { recursive: true, force: true });
    const words = ['--rm', '--network', 'none', '--pull', 'always', '--profile', yaml, `${host}/${name}`, 'true'];
    const result = await secure.run('run', ...words);
    if (result.code !== 0)
      expect(['SIGNATURE_MISSING', 'SIGNATURE_INVALID', 'IMAGE_UNTRUSTED', 'POLICY_DENIED']).toContain(
        errorCode(result),
      );
    return result.code === 0;
  }
  /** The same verdict of both, for each image, which is what was expected. */
  async function agree(policy: object, expected: Readonly<Record<string, boolean>>): Promise<void> {
    const { json, yaml, code } = await imported(policy);
    expect(code).toBe(0);
    // What is asked for by digest is the same image as what is here by a tag.
    const images = (await secure.run('image', 'ls', '-q')).stdout.split('\n').filter((line) => line.startsWith(host));
    if (images.length > 0) await secure.run('image', 'rm', ...images);
    const verdicts: Record<string, { skopeo: boolean; secure: boolean }> = {};
    for (const name of Object.keys(expected))
      verdicts[name] = { skopeo: bySkopeo(json, name), secure: await byUs(yaml, name) };
    const both = Object.entries(expected).map(([name, yes]) => [name, { skopeo: yes, secure: yes }]);
    expect(verdicts).toEqual(Object.fromEntries(both));
  }
  const local = { oci: { '': REJECT }, 'oci-archive': { '': REJECT }, 'docker-archive': { '': REJECT } };

  it('that rejects by default decides the same, the most specific scope alone', async () => {
    await agree(
      {
        default: REJECT,
        transports: {
          docker: {
            [`${host}/team`]: [signed(keys.ours)],
            [`${host}/team/special`]: [signed(keys.others)],
            [`${host}/team/unsigned:1`]: ACCEPT,
            [`${host}/free`]: ACCEPT,
          },
        },
      },
      {
        'team/signed:1': true,
        'team/signed:2': false,
        'team/foreign:1': false,
        'team/special:1': true,
        'team/unsigned:1': true,
        'free/app:1': true,
        'mirror/app:1': false,
      },
    );
  });

  it('that accepts by default decides the same', async () => {
    await agree(
      {
        default: ACCEPT,
        transports: {
          docker: {
            [host]: REJECT,
            [`${host}/team`]: [signed(keys.ours), signed(keys.others)],
            [`${host}/team/signed`]: ACCEPT,
            [`${host}/free/app`]: ACCEPT,
          },
        },
      },
      { 'team/signed:1': true, 'team/special:1': false, 'free/app:1': true, 'mirror/app:1': false },
    );
  });

  it('that asks for a signature by default decides the same, by tag and by digest', async () => {
    await agree(
      { default: [signed(keys.ours)], transports: { ...local, docker: { [`${host}/free/app@${vendor}`]: ACCEPT } } },
      {
        'team/signed:1': true,
        'team/signed:2': false,
        [`team/signed@${vendor}`]: true,
        'team/unsigned:1': false,
        [`free/app@${vendor}`]: true,
        'free/app:1': false,
      },
    );
  });

  it.each([
    ['matchRepository', {}, { 'team/signed:2': true, [`team/signed`]: false, 'mirror/app:1': false }],
    ['matchExact', {}, { digest: false, 'team/signed:1': true, 'team/signed:2': false }],
    ['exactReference', { dockerReference: 'vendor.example/app:1' }, { 'mirror/app:1': true, 'team/signed:1': false }],
    ['exactRepository', { dockerRepository: 'vendor.example/app' }, { 'mirror/app:1': true, 'team/signed:1': false }],
    [
      'remapIdentity',
      { prefix: 'HOST/mirror', signedPrefix: 'vendor.example' },
      { 'mirror/app:1': true, 'team/signed:1': true },
    ],
    ['remapIdentity', { prefix: 'HOST/mir', signedPrefix: 'vendor.example' }, { 'mirror/app:1': false }],
  ])('with the identity %s %o decides the same', async (type, more, expected) => {
    const identity = JSON.parse(JSON.stringify({ type, ...more }).replace('HOST', host)) as object;
    const named = Object.entries(expected).map(([name, yes]) => [
      name === 'digest' ? `team/signed@${vendor}` : name,
      yes,
    ]);
    const { 'team/signed': _, ...checked } = Object.fromEntries(named) as Record<string, boolean>;
    await agree({ default: REJECT, transports: { docker: { [host]: [signed(keys.ours, identity)] } } }, checked);
  });

  // Debian builds skopeo and podman without this, so that there is nobody to compare with.
  it('that wants signatures of cosign gets them', async () => {
    const [key, foreign] = [new Key(), new Key()];
    const sign = (name: string, by: Key) =>
      secure.run('image', 'sign', `${host}/${name}`, '--key', by.secret, '--format', 'cosign');
    expect((await sign('sigstore/app:1', key)).code).toBe(0);
    expect((await sign('sigstore/foreign:1', foreign)).code).toBe(0);
    const wanted = (signedIdentity?: object) => ({
      default: REJECT,
      transports: {
        docker: { [host]: [{ type: 'sigstoreSigned', keyPath: key.path, ...(signedIdentity && { signedIdentity }) }] },
      },
    });
    const { yaml, code, stderr } = await imported(wanted({ type: 'matchRepository' }));
    expect([code, stderr]).toEqual([0, expect.stringContaining('use-sigstore-attachments')]);
    const names = ['sigstore/app:1', 'sigstore/foreign:1', 'sigstore/none:1'];
    const verdicts = [];
    for (const name of names) verdicts.push(await byUs(yaml, name));
    expect(verdicts).toEqual([true, false, false]);
    // By default the tag has to be signed, which cosign does not do.
    expect(await byUs((await imported(wanted())).yaml, 'sigstore/app:1')).toBe(false);
  });

  it('that holds its keys itself has them written beside', async () => {
    const requirement = {
      type: 'signedBy',
      keyType: 'GPGKeys',
      keyData: readFileSync(keys.ours).toString('base64'),
    };
    const policy = { default: REJECT, transports: { docker: { [host]: [requirement] } } };
    const without = await imported(policy);
    expect([without.code, without.stderr]).toEqual([1, expect.stringContaining('--keys')]);
    expect(await byUs(without.yaml, 'team/signed:1')).toBe(false);
    for (let i = 0; i < 2; i++) {
      const { code, yaml, json } = await imported(
        policy,
        '--keys',
        join(secure.root, 'keys'),
        '--registries-d',
        registries,
      );
      expect(code).toBe(0);
      expect(readFileSync(yaml, 'utf8')).toContain(`lookaside: file://${secure.root}/lookaside`);
      expect([bySkopeo(json, 'team/signed:1'), await byUs(yaml, 'team/signed:1')]).toEqual([true, true]);
      expect([bySkopeo(json, 'team/foreign:1'), await byUs(yaml, 'team/foreign:1')]).toEqual([false, false]);
    }
  });

  it('that no tool can read is none for this one either', async () => {
    const file = join(secure.root, 'broken.json');
    const code = async (text: string) => {
      writeFileSync(file, text);
      const result = await secure.run('policy', 'import', 'podman', file);
      const skopeo = spawnSync('skopeo', ['--policy', file, 'copy', 'dir:/nowhere', 'dir:/nowhere'], {
        encoding: 'utf8',
      });
      expect(skopeo.stderr).toContain('Error loading trust policy');
      return [result.code, errorCode(result), result.stdout];
    };
    expect(await code('{')).toEqual([2, 'POLICY_SYNTAX', '']);
    for (const text of [
      '{}',
      '{"default":[]}',
      '{"default":[{"type":"maybe"}]}',
      '{"default":[{"type":"reject","hint":1}]}',
      '{"default":[{"type":"reject"}],"transport":{}}',
    ])
      expect(await code(text), text).toEqual([2, 'POLICY_INVALID', '']);
    expect(await code('{"default":[{"type":"reject"}],"default":[{"type":"insecureAcceptAnything"}]}')).toEqual([
      2,
      'POLICY_SYNTAX',
      '',
    ]);
  });
});
