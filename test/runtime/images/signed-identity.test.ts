// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { nameObjection } from '../../../src/runtime/images/signatures/identity.ts';
import { checkSimple } from '../../../src/runtime/images/signatures/simple.ts';
import { checkStatement } from '../../../src/runtime/images/signatures/statement.ts';
import type { Requirement } from '../../../src/runtime/images/signatures/types.ts';
import { simple } from '../../support/signatures.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;
const OTHER = `sha256:${'b'.repeat(64)}`;
const R = 'r.example/team/app';
const byTag = { repository: R, tag: '1', digests: [DIGEST] };
const byDigest = { repository: R, digests: [DIGEST] };
const hub = { repository: 'docker.io/library/nginx', tag: '1', digests: [DIGEST] };
const remap = { prefix: 'r.example/team', signedPrefix: 'v.example' };

// Expectations are those of containers-policy.json(5); test/integration/image-policy-import.test.ts compares some with skopeo.
describe('the name in a signature', () => {
  it.each<[Requirement['identity'], typeof byTag | typeof byDigest, string, boolean]>([
    ['digest-only', byTag, 'anything/else:2', true],
    ['repository', byTag, R, true],
    ['repository', byTag, `${R}:2`, true],
    ['repository', byTag, `${R}2:1`, false],
    ['repository', hub, 'index.docker.io/library/nginx', true],
    ['repository', hub, 'nginx:2', true],
    ['reference', byTag, `${R}:1`, true],
    ['reference', byTag, `${R}:2`, false],
    ['reference', byTag, R, false],
    ['reference', byTag, `${R}@${DIGEST}`, false],
    ['reference', byTag, `${R}:1@${DIGEST}`, false],
    ['reference', hub, 'nginx:1', true],
    ['reference', { ...hub, tag: 'latest' }, 'nginx', false],
    ['reference', byDigest, `${R}:2`, true],
    ['reference', byDigest, `${R}@${OTHER}`, true],
    ['reference', byDigest, R, false],
    ['reference', byDigest, 'r.example/team/other:1', false],
    ['exact', byTag, `${R}:1`, true],
    ['exact', byTag, `${R}:2`, false],
    ['exact', byTag, R, false],
    ['exact', byDigest, `${R}:1`, false],
    ['exact', byDigest, `${R}@${DIGEST}`, true],
    ['exact', byDigest, `${R}@${OTHER}`, false],
    [{ repository: 'v.example/app' }, byTag, 'v.example/app:9', true],
    [{ repository: 'v.example/app' }, byTag, `${R}:1`, false],
    [{ reference: 'v.example/app:9' }, byTag, 'v.example/app:9', true],
    [{ reference: 'v.example/app:9' }, byTag, 'v.example/app:1', false],
    [{ reference: 'v.example/app' }, byTag, 'v.example/app', false],
    [{ reference: 'v.example/app' }, byTag, 'v.example/app:latest', false],
    [remap, byTag, 'v.example/app:1', true],
    [remap, byTag, 'v.example/app:2', false],
    [remap, byTag, `${R}:1`, false],
    [remap, byDigest, 'v.example/app:2', true],
    [{ ...remap, prefix: 'r.example/tea' }, byTag, `${R}:1`, true],
    [{ ...remap, prefix: R }, byTag, 'v.example:1', false],
    [{ prefix: R, signedPrefix: 'v.example/x' }, byTag, 'v.example/x:1', true],
  ])('%o: %o signed as %s is fine: %s', (identity, subject, signed, fine) => {
    expect(nameObjection(signed, subject, identity) === undefined).toBe(fine);
  });

  const statement = (...names: (string | undefined)[]) =>
    Buffer.from(
      JSON.stringify({
        _type: 'https://in-toto.io/Statement/v1',
        predicateType: 'https://sigstore.dev/cosign/sign/v1',
        predicate: {},
        subject: names.map((name) => ({ ...(name === undefined ? {} : { name }), digest: { sha256: 'a'.repeat(64) } })),
      }),
    );

  it('counts in every form of signature', () => {
    expect(() => checkSimple(simple(`${R}:1`, DIGEST), byTag, 'reference')).not.toThrow();
    expect(() => checkSimple(simple(R, DIGEST), byTag, 'reference')).toThrow(`${R}:1`);
    expect(() => checkStatement(statement(`${R}:1`), byTag, 'reference')).not.toThrow();
    expect(() => checkStatement(statement(`${R}:2`), byTag, 'reference')).toThrow(`${R}:1`);
  });

  it('that is none is no name, whatever stands beside it', () => {
    expect(() => checkSimple(simple('No Name', DIGEST), byTag, 'repository')).toThrow('No Name');
    expect(() => checkStatement(statement('./file name.txt', R), byTag, 'repository')).not.toThrow();
    expect(() => checkStatement(statement('./file name.txt'), byTag, 'repository')).toThrow('file name');
    expect(() => checkStatement(statement(undefined), byTag, 'repository')).toThrow('digest-only');
  });
});
