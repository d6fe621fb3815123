// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { fileIo, loadPolicy, signatureRules, validatePolicy } from '../../src/policies/index.ts';

const directory = mkdtempSync(join(tmpdir(), 'secure-policy-signatures-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

let count = 0;
function policy(body: string): string {
  const path = join(directory, `${count++}.yaml`);
  writeFileSync(path, `apiVersion: secure/v1\nkind: Policy\n${body}`);
  return path;
}
const load = (body: string) => loadPolicy(policy(body), fileIo([], '/'));
const rule = (cosign: string, more = '') =>
  `images:\n  - match: "x.example/**"\n    require: { cosign: ${cosign}${more} }\n`;

describe('signatures in a policy', () => {
  it('are wanted of the images that a rule names, by keys beside the file', async () => {
    const { images } = await load(rule('{ key: keys/a.pub }'));
    expect(images).toMatchObject([{ keys: [join(directory, 'keys/a.pub')], identity: 'repository', by: { line: 4 } }]);
  });

  it('are wanted by every policy of the chain: one that extends another cannot take a rule away', async () => {
    const parent = policy(rule('{ key: /parent.pub }'));
    const effective = await load(
      `extends: ${parent}\n${rule('{ key: [/one.pub, /two.pub] }', ', identity: digest-only')}`,
    );
    expect(signatureRules(effective, 'x.example/team/app:1').map(({ keys }) => keys)).toEqual([
      ['/one.pub', '/two.pub'],
      ['/parent.pub'],
    ]);
    expect(signatureRules(effective, 'y.example/team/app:1')).toEqual([]);
    expect(signatureRules(effective, 'x.example/app@sha256:00')).toHaveLength(2);
  });

  it('are wanted of identities', async () => {
    const text = '{ identityPattern: ".*@acme.example", issuer: "https://i.example", trustedRoot: root.json }';
    const [only] = (await load(rule(text))).images;
    expect(only?.keyless).toEqual({
      identity: { pattern: '.*@acme.example' },
      issuer: { text: 'https://i.example' },
      trustedRoot: { file: join(directory, 'root.json') },
    });
  });

  it.each([
    ['sigstore', { mirror: 'sigstore' }],
    ['./sigstore', { file: join(directory, 'sigstore') }],
    ['{ mirror: "https://tuf.example" }', { mirror: 'https://tuf.example' }],
    [
      '{ mirror: "https://tuf.example", root: r/1.root.json }',
      { mirror: 'https://tuf.example', pin: join(directory, 'r/1.root.json') },
    ],
  ])('are wanted of identities by what was fetched: %s', async (text, trustedRoot) => {
    const [only] = (await load(rule(`{ identity: a, issuer: b, trustedRoot: ${text} }`))).images;
    expect(only?.keyless?.trustedRoot).toEqual(trustedRoot);
  });

  it('may leave names out, reject, or need nothing', async () => {
    const effective = await load(`images:
  - { match: "x.example/**", except: ["x.example/free/*", "x.example/old:*"], require: { cosign: { key: /k.pub } } }
  - { match: "x.example/free/*", require: nothing }
  - { match: "x.example/old:1", require: reject }
`);
    const verdicts = (name: string) => signatureRules(effective, name).map(({ verdict }) => verdict);
    expect(verdicts('x.example/app:1')).toEqual(['signature']);
    expect(verdicts('x.example/free/app:1')).toEqual(['nothing']);
    expect(verdicts('x.example/old:1')).toEqual(['reject']);
    expect(verdicts('x.example/old:2')).toEqual([]);
    expect(effective.images.slice(1).map(({ keys }) => keys)).toEqual([[], []]);
  });

  it('are needed by nobody only where the parents accept images as they come', async () => {
    const exempt = 'images:\n  - { match: "x.example/**", require: nothing }\n';
    const codes = async (body: string) =>
      (await validatePolicy(policy(body), fileIo([], '/'))).problems.map(({ code, line }) => [code, line]);
    expect(await codes(`extends: default\n${exempt}`)).toEqual([]);
    expect(await codes(`extends: strict\n${exempt}`)).toEqual([['CEILING_EXCEEDED', 5]]);
    const parent = policy(`extends: default\nrun: { origins: { pulled: signature } }\n${exempt}`);
    expect(await codes(`extends: ${parent}\n`)).toEqual([]);
    expect(await codes(`extends: ${parent}\n${exempt}`)).toEqual([['CEILING_EXCEEDED', 5]]);
    // A fragment has nothing to be measured by until it is used.
    const fragment = policy(`extends: strict\nrun: { ceilings: { origins: { pulled: signature } } }\n`);
    expect(await codes(`extends: [${fragment}]\n${exempt}`)).toEqual([['CEILING_EXCEEDED', 5]]);
  });

  it.each([
    ['reference', 'reference'],
    ['exact', 'exact'],
    ['{ repository: v.example/app }', { repository: 'v.example/app' }],
    ['{ reference: "v.example/app:1" }', { reference: 'v.example/app:1' }],
    ['{ prefix: x.example, signedPrefix: v.example }', { prefix: 'x.example', signedPrefix: 'v.example' }],
  ])('have to name %s', async (text, identity) => {
    const [only] = (await load(rule('{ key: k }', `, identity: ${text}`))).images;
    expect(only?.identity).toEqual(identity);
  });

  it.each([
    'tag',
    '{}',
    '{ prefix: x }',
    '{ repository: a, reference: b }',
    '{ repository: a, prefix: b, signedPrefix: c }',
    '[repository]',
  ])('cannot have to name %s', async (text) => {
    const { problems } = await validatePolicy(policy(rule('{ key: k }', `, identity: ${text}`)), fileIo([], '/'));
    expect(problems[0]).toMatchObject({ code: 'POLICY_INVALID', line: 5 });
  });

  it('may be those of attestations', async () => {
    const { images } = await load(rule('{ key: /k }', ', attestation: [slsa, "https://acme.example/tested"]'));
    expect(images).toMatchObject([{ keys: ['/k'], attestations: ['slsa', 'https://acme.example/tested'] }]);
    expect((await load(rule('{ key: /k }'))).images).toMatchObject([{ attestations: [] }]);
  });

  it.each([
    'cosign: { key: k }, attestation: salsa',
    'cosign: { key: k }, attestation: []',
    'attestation: slsa',
    'gpg: { key: k }, attestation: slsa',
    'cosign: { key: k }, gpg: { key: k }, attestation: slsa',
    'cosign: { key: k }, attestation: { type: slsa }',
  ])('of attestations cannot be wanted as %s', async (text) => {
    const body = `images:\n  - match: "x.example/**"\n    require: { ${text} }\n`;
    const { problems } = await validatePolicy(policy(body), fileIo([], '/'));
    expect(problems[0]).toMatchObject({ code: 'POLICY_INVALID', line: 5 });
  });

  it.each(['accept', '[]', '{ reject: true }'])('cannot be required as %s', async (text) => {
    const body = `images:\n  - match: "x.example/**"\n    require: ${text}\n`;
    const { problems } = await validatePolicy(policy(body), fileIo([], '/'));
    expect(problems).toHaveLength(1);
  });

  const notary = (text: string) =>
    `images:\n  - match: "x.example/**"\n    require: { notary: ${text}, identity: digest-only }\n`;

  it('are wanted of the Notary Project, by roots beside the file', async () => {
    const name = 'x509.subject: C=US, ST=WA, O=acme.example';
    const { images } = await load(
      notary(
        `{ roots: ca.pem, authorityRoots: [/a.pem], timestampRoots: t.pem, revocations: [a.crl, /b.crl], identities: "${name}" }`,
      ),
    );
    expect(images).toMatchObject([
      {
        keys: [],
        notary: {
          roots: [join(directory, 'ca.pem')],
          authorityRoots: ['/a.pem'],
          timestampRoots: [join(directory, 't.pem')],
          revocations: [join(directory, 'a.crl'), '/b.crl'],
          identities: [name],
        },
        identity: 'digest-only',
      },
    ]);
  });

  it.each([
    ['no root', '{ identities: "*" }', 'POLICY_INVALID'],
    ['no identity', '{ roots: ca.pem }', 'POLICY_INVALID'],
    [
      'an identity without organisation',
      '{ roots: ca.pem, identities: "x509.subject: C=US, ST=WA" }',
      'POLICY_INVALID',
    ],
    ['an identity that is none', '{ roots: ca.pem, identities: acme }', 'POLICY_INVALID'],
    ['a misspelt key', '{ root: ca.pem, identities: "*" }', 'POLICY_UNKNOWN_KEY'],
  ])('of the Notary Project cannot be wanted with %s', async (_, text, code) => {
    const { problems } = await validatePolicy(policy(notary(text)), fileIo([], '/'));
    expect(problems.map((problem) => problem.code)).toContain(code);
  });

  it('of OpenPGP are wanted by keys beside the file', async () => {
    const gpg = (text: string) => `images:\n  - match: "x.example/**"\n    require: { gpg: ${text} }\n`;
    const { images } = await load(gpg('{ key: [a.asc, /b.asc], lookaside: "https://x.example/s" }'));
    const keys = [join(directory, 'a.asc'), '/b.asc'];
    expect(images).toMatchObject([
      { keys: [], gpg: { keys, lookaside: 'https://x.example/s' }, identity: 'repository' },
    ]);
    for (const text of ['{}', '{ key: a, lookaside: "ftp://x" }', '{ key: [] }']) {
      const { problems } = await validatePolicy(policy(gpg(text)), fileIo([], '/'));
      expect(problems.map(({ code }) => code)).toEqual(['POLICY_INVALID']);
    }
  });

  it.each([
    ['nobody', '{}', 'POLICY_INVALID'],
    ['an identity without issuer', '{ identity: a, trustedRoot: r }', 'POLICY_INVALID'],
    ['an issuer without identity', '{ issuer: a, trustedRoot: r, key: k }', 'POLICY_INVALID'],
    ['an identity without root', '{ identity: a, issuer: b }', 'POLICY_INVALID'],
    ['a root for nobody', '{ key: k, trustedRoot: r }', 'POLICY_INVALID'],
    ['an identity and its pattern', '{ identity: a, identityPattern: a, issuer: b, trustedRoot: r }', 'POLICY_INVALID'],
    ['a pattern that is none', '{ identityPattern: "(", issuer: b, trustedRoot: r }', 'POLICY_INVALID'],
    ['a mirror that is none', '{ identity: a, issuer: b, trustedRoot: { mirror: "ftp://x" } }', 'POLICY_INVALID'],
    ['a pin of no mirror', '{ identity: a, issuer: b, trustedRoot: { root: r } }', 'POLICY_INVALID'],
    ['a list of roots', '{ identity: a, issuer: b, trustedRoot: [r] }', 'POLICY_INVALID'],
    ['a misspelt key', '{ kee: k }', 'POLICY_UNKNOWN_KEY'],
    ['no text', '{ key: 7 }', 'POLICY_INVALID'],
    ['an empty list', '{ key: [] }', 'POLICY_INVALID'],
  ])('%s is an error with its place', async (_, cosign, code) => {
    const { problems } = await validatePolicy(policy(rule(cosign)), fileIo([], '/'));
    expect(problems[0]).toMatchObject({ code, line: 5 });
  });
});
