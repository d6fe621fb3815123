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
      trustedRoot: join(directory, 'root.json'),
    });
  });

  const notary = (text: string) =>
    `images:\n  - match: "x.example/**"\n    require: { notary: ${text}, identity: digest-only }\n`;

  it('are wanted of the Notary Project, by roots beside the file', async () => {
    const name = 'x509.subject: C=US, ST=WA, O=acme.example';
    const { images } = await load(notary(`{ roots: ca.pem, authorityRoots: [/a.pem], identities: "${name}" }`));
    expect(images).toMatchObject([
      {
        keys: [],
        notary: { roots: [join(directory, 'ca.pem')], authorityRoots: ['/a.pem'], identities: [name] },
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
    ['a misspelt key', '{ kee: k }', 'POLICY_UNKNOWN_KEY'],
    ['no text', '{ key: 7 }', 'POLICY_INVALID'],
    ['an empty list', '{ key: [] }', 'POLICY_INVALID'],
  ])('%s is an error with its place', async (_, cosign, code) => {
    const { problems } = await validatePolicy(policy(rule(cosign)), fileIo([], '/'));
    expect(problems[0]).toMatchObject({ code, line: 5 });
  });
});
