// SPDX-License-Identifier: Apache-2.0
import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { readPolicy } from '../../src/policies/file.ts';
import { importKyverno } from '../../src/policies/import/kyverno/convert.ts';
import { globPattern, wholeOf } from '../../src/policies/import/kyverno/names.ts';
import { policyText } from '../../src/policies/import/text.ts';
import { matchesReference, wholePattern } from '../../src/policies/index.ts';
import type { SignatureRule } from '../../src/policies/types.ts';
import { codeOf } from '../support/store.ts';

const pem = () =>
  generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'pem' }).toString();
const [ONE, TWO] = [pem(), pem()];
const CONTEXT = { cwd: '/here', keys: 'keys', trustedRoot: 'root.json', withoutLog: false };
const LOGLESS = { rekor: { ignoreTlog: true } };
const key = (publicKeys: string) => ({ keys: { publicKeys, ...LOGLESS } });
const keyless = (subject: string, more = {}) => ({ keyless: { issuer: 'https://issuer.example', subject, ...more } });

const file = (verifyImages: object[], spec: object = {}, rule: object = {}) =>
  stringify({
    apiVersion: 'kyverno.io/v1',
    kind: 'ClusterPolicy',
    metadata: { name: 'p' },
    spec: {
      ...spec,
      rules: [{ name: 'r', match: { any: [{ resources: { kinds: ['Pod'] } }] }, ...rule, verifyImages }],
    },
  });
async function converted(text: string, context: Partial<typeof CONTEXT> = {}) {
  const imported = importKyverno(text, 'k.yaml', { ...CONTEXT, ...context });
  // As our loader reads it.
  const { images } = await readPolicy(await policyText(imported, 'k.yaml'), 'p');
  return {
    images,
    lost: imported.notes.filter(({ kind }) => kind === 'lost'),
    notes: imported.notes,
    keys: imported.keys,
  };
}
const image = (attestors: object[], more: object = {}) => ({ imageReferences: ['ghcr.io/acme/*'], attestors, ...more });
const asks = ({ keys, keyless: who, verdict, identity }: SignatureRule) => ({
  verdict,
  keys: keys.length,
  who: who?.identity,
  identity,
});

describe('verifyImages of Kyverno', () => {
  it('by a key is one entry, and its key a file', async () => {
    const { images, lost, keys } = await converted(file([image([{ entries: [key(ONE)] }])]));
    expect(lost).toEqual([]);
    expect(images).toMatchObject([
      { match: ['ghcr.io/acme/**'], verdict: 'signature', identity: 'digest-only', attestations: [] },
    ]);
    const [[name, data] = []] = keys;
    expect(images[0]?.keys).toEqual([`/here/keys/${name}`]);
    expect(data?.toString().trim()).toBe(ONE.trim());
  });

  it.each([
    ['all of several', { entries: [key(ONE), key(TWO)] }, [1, 1], 0],
    ['all, by a count of all', { count: 2, entries: [key(ONE), key(TWO)] }, [1, 1], 0],
    ['one of several', { count: 1, entries: [key(ONE), key(TWO)] }, [2], 0],
    ['one of two in one text', { count: 1, entries: [key(ONE + TWO)] }, [2], 0],
    ['two of three, which is all of them here', { count: 2, entries: [key(ONE), key(TWO), key(pem())] }, [1, 1, 1], 1],
    ['those of a set within', { entries: [{ attestor: { entries: [key(ONE)] } }] }, [1], 0],
  ])('asks for %s', async (_, set, wanted, lost) => {
    const found = await converted(file([image([set])]));
    expect(found.images.map(({ keys }) => keys.length)).toEqual(wanted);
    expect(found.lost).toHaveLength(lost);
  });

  it('asks for all sets, and all rules', async () => {
    const { images } = await converted(
      file([
        image([{ entries: [key(ONE)] }, { entries: [keyless('a@example.org')] }]),
        image([{ entries: [key(TWO)] }]),
      ]),
    );
    expect(images.map(asks)).toEqual([
      { verdict: 'signature', keys: 1, who: undefined, identity: 'digest-only' },
      { verdict: 'signature', keys: 0, who: { text: 'a@example.org' }, identity: 'digest-only' },
      { verdict: 'signature', keys: 1, who: undefined, identity: 'digest-only' },
    ]);
  });

  it('takes one identity beside keys, and asks for both of two', async () => {
    const beside = await converted(file([image([{ count: 1, entries: [key(ONE), keyless('a@example.org')] }])]));
    expect(beside.images.map(asks)).toEqual([
      { verdict: 'signature', keys: 1, who: { text: 'a@example.org' }, identity: 'digest-only' },
    ]);
    const two = await converted(
      file([image([{ count: 1, entries: [keyless('a@example.org'), keyless('b@example.org')] }])]),
    );
    expect([two.images.length, two.lost.length]).toEqual([2, 1]);
  });

  it.each([
    [
      'https://github.com/acme/*/.github/workflows/*@refs/heads/main',
      'https://github.com/acme/x/.github/workflows/b.yaml@refs/heads/main',
      true,
    ],
    ['https://github.com/acme/*', 'https://github.com/acmeXother', false],
    ['a.b@example.org', 'aXb@example.org', false],
  ])('means by the subject %s the name %s: %s', (subject, name, matches) => {
    expect(wholePattern(globPattern(subject)).test(name)).toBe(matches);
  });

  it.each([
    ['acme', 'https://acme.example/x', true],
    ['^https://acme', 'https://acme.example', true],
    ['^https://acme', 'x https://acme.example', false],
    ['acme$', 'of acme', true],
    ['acme$', 'acme!', false],
    ['^a$|^b$', 'b', true],
    ['\\$', 'a$b', true],
  ])('finds %s in %s as Go does: %s', (pattern, name, matches) => {
    expect(wholePattern(wholeOf(pattern)).test(name)).toBe(matches);
  });

  it.each([
    ['ghcr.io/acme/*', 'ghcr.io/acme/a/b:1', true],
    ['ghcr.io/acme/*', `ghcr.io/acme/a@sha256:${'a'.repeat(64)}`, true],
    ['ghcr.io/acme/*', 'ghcr.io/other/a:1', false],
    ['*', 'registry.example:5000/x:1', true],
    ['*:latest', 'a.example/b/c:latest', true],
    ['*:latest', 'a.example/b/c:1', false],
    ['docker.io/nginx*', 'docker.io/library/nginx:1', true],
    ['docker.io/acme/x:*', 'docker.io/acme/x:1', true],
    ['ghcr.io/acme/app?', 'ghcr.io/acme/app1:1', true],
  ])('%s names %s: %s', async (pattern, reference, named) => {
    const { images } = await converted(file([image([{ entries: [key(ONE)] }], { imageReferences: [pattern] })]));
    expect(images[0]?.match.some((each) => matchesReference(each, reference))).toBe(named);
  });

  it('leaves out what it skips, but never more', async () => {
    const { images, lost } = await converted(
      file([image([{ entries: [key(ONE)] }], { skipImageReferences: ['ghcr.io/acme/a*', 'ghcr.io/acme/b?'] })]),
    );
    expect(images[0]?.except).toEqual(['ghcr.io/acme/a**']);
    expect(lost).toHaveLength(1);
  });

  it.each([
    ['a log for a key', { keys: { publicKeys: ONE } }, {}, '--without-log'],
    ['a key of a KMS', { keys: { publicKeys: 'gcpkms://x', ...LOGLESS } }, {}, 'no key in PEM'],
    ['a secret', { keys: { secret: { name: 'x' }, ...LOGLESS } }, {}, 'secret'],
    ['no place for keys', key(ONE), { keys: undefined }, '--keys'],
    ['roots', keyless('a', { roots: ONE }), {}, 'roots'],
    ['extensions', keyless('a', { additionalExtensions: { x: 'y' } }), {}, 'additionalExtensions'],
    ['no trusted root', keyless('a'), { trustedRoot: undefined }, '--trusted-root'],
    ['nobody', { keyless: { issuer: 'https://i.example' } }, {}, 'no subject'],
    ['anybody’s account', { keyless: { subject: 'a' } }, {}, 'no issuer'],
    ['a pattern of Go', { keyless: { issuer: 'i', subjectRegExp: '(?i)x' } }, {}, 'one of Go'],
    ['annotations', { ...key(ONE), annotations: { a: 'b' } }, {}, 'annotations'],
    ['another repository', { ...key(ONE), repository: 'r.example/s' }, {}, 'repository'],
    ['certificates', { certificates: { cert: ONE } }, {}, 'certificates'],
  ])('that wants %s is rejected, and said', async (_, entry, context, message) => {
    const { images, lost } = await converted(file([image([{ entries: [entry] }])]), context as Partial<typeof CONTEXT>);
    expect(images.map(({ verdict }) => verdict)).toEqual(['reject']);
    expect(lost.map((each) => each.message).join()).toContain(message);
    expect(lost[0]?.part).toMatch(/^spec\.rules\.0\.verifyImages\.0\./);
  });

  it('rejects all of an image where one of its requirements cannot be said', async () => {
    const { images } = await converted(
      file([image([{ entries: [key(ONE), { keys: { publicKeys: 'k8s://a/b', ...LOGLESS } }] }])]),
    );
    expect(images.map(({ verdict }) => verdict)).toEqual(['reject']);
  });

  it('accepts a key without a log when that is asked for', async () => {
    const { images, lost } = await converted(file([image([{ entries: [{ keys: { publicKeys: ONE } }] }])]), {
      withoutLog: true,
    });
    expect([images[0]?.verdict, lost]).toEqual(['signature', []]);
  });

  it('asks for attestations, by their own attestors or those of the image', async () => {
    const slsa = { type: 'https://slsa.dev/provenance/v0.2', attestors: [{ entries: [key(ONE)] }] };
    const { images } = await converted(
      file([
        image([{ entries: [key(TWO)] }], { attestations: [slsa, { predicateType: 'https://cyclonedx.org/bom' }] }),
      ]),
    );
    expect(images.map(({ attestations }) => attestations)).toEqual([
      [],
      ['https://slsa.dev/provenance/v0.2'],
      ['https://cyclonedx.org/bom'],
    ]);
    const conditions = await converted(
      file([image([{ entries: [key(TWO)] }], { attestations: [{ ...slsa, conditions: [{ all: [] }] }] })]),
    );
    expect(conditions.images.map(({ verdict }) => verdict)).toEqual(['reject']);
  });

  it('takes certificates of the Notary Project', async () => {
    const cert = ONE.replaceAll('PUBLIC KEY', 'CERTIFICATE');
    const { images, keys } = await converted(
      file([image([{ entries: [{ certificates: { cert } }] }], { type: 'Notary' })]),
    );
    expect(images[0]?.notary).toMatchObject({ roots: [`/here/keys/${[...keys.keys()][0]}`], identities: ['*'] });
  });

  it('says what is stricter here, with its place in a file of several documents', async () => {
    const other = 'apiVersion: v1\nkind: ConfigMap\n---\n';
    const text =
      other +
      file(
        [image([{ entries: [key(ONE)] }], { required: false, failureAction: 'Audit' })],
        {},
        { exclude: { any: [] }, validate: { message: 'x' }, match: { any: [{ resources: { namespaces: ['a'] } }] } },
      );
    const { notes, images } = await converted(text);
    expect(images).toHaveLength(1);
    const said = Object.fromEntries(notes.map(({ part, line, message }) => [part, [line, message]]));
    expect(said.kind).toMatchObject([2, expect.stringContaining('ConfigMap of v1')]);
    expect(Object.keys(said)).toEqual([
      'kind',
      'spec.rules.0.validate',
      'spec.rules.0.exclude',
      'spec.rules.0.match',
      'spec.rules.0.verifyImages.0',
      'spec.rules.0.verifyImages.0.required',
    ]);
    const [line] = said['spec.rules.0.exclude'] as [number];
    expect(text.split('\n')[line - 1]).toContain('exclude:');
    expect(
      (await converted(file([image([{ entries: [key(ONE)] }])], { validationFailureAction: 'Audit' }))).lost,
    ).toHaveLength(1);
  });

  it.each([
    ['POLICY_INVALID', 'apiVersion: v1\nkind: Pod'],
    ['POLICY_INVALID', ''],
    ['POLICY_INVALID', 'apiVersion: policies.kyverno.io/v1\nkind: ImageValidatingPolicy'],
    ['POLICY_SYNTAX', 'a: [\n---\nb: 1'],
  ])('is refused with %s: %s', async (code, text) => {
    expect(await codeOf(async () => importKyverno(text, 'k.yaml', CONTEXT))).toBe(code);
  });
});
