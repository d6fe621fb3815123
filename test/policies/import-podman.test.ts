// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { readPolicy } from '../../src/policies/file.ts';
import { importPodman } from '../../src/policies/import/podman/convert.ts';
import { policyText } from '../../src/policies/import/text.ts';
import { matchesReference } from '../../src/policies/index.ts';
import type { SignatureRule } from '../../src/policies/types.ts';
import { codeOf } from '../support/store.ts';

const CONTEXT = { cwd: '/here', keys: undefined, trustedRoot: undefined, lookaside: () => ({}) };
const ACCEPT = [{ type: 'insecureAcceptAnything' }];
const REJECT = [{ type: 'reject' }];
const signed = (keyPath: string) => [{ type: 'signedBy', keyType: 'GPGKeys', keyPath }];

const convert = (policy: object, context: Partial<Parameters<typeof importPodman>[2]> = {}) =>
  importPodman(JSON.stringify(policy, null, '\t'), 'policy.json', { ...CONTEXT, ...context });
/** As our loader reads it. */
async function rules(policy: object, context = {}): Promise<readonly SignatureRule[]> {
  return (await readPolicy(await policyText(convert(policy, context), 'policy.json'), 'p')).images;
}
const named = (all: readonly SignatureRule[], reference: string) =>
  all.filter(
    ({ match, except }) =>
      match.some((one) => matchesReference(one, reference)) && !except.some((one) => matchesReference(one, reference)),
  );

describe('policy.json of podman', () => {
  /** The key names the scope, so that the rule that holds says which scope it was made of. */
  const SCOPES = [
    ...['r.example', 'r.example:5000', 'r.example/a', 'r.example/a/b', 'r.example/a/b:1', '*.example', '*.b.example'],
    ...['x.b.example/c', 'docker.io/library/nginx', `r.example/a/b@sha256:${'a'.repeat(64)}`, 'localhost:5000'],
  ];
  it.each([
    ['r.example/z:1', 'r.example'],
    ['r.example/az/b:1', 'r.example'],
    ['r.example:5000/a/b:1', 'r.example:5000'],
    ['r.example:5001/a/b:1', '*.example'],
    ['r.example/a:1', 'r.example/a'],
    ['r.example/a/c/d:1', 'r.example/a'],
    ['r.example/a/b:2', 'r.example/a/b'],
    ['r.example/a/b/c:1', 'r.example/a/b'],
    ['r.example/a/b:1', 'r.example/a/b:1'],
    [`r.example/a/b@sha256:${'a'.repeat(64)}`, `r.example/a/b@sha256:${'a'.repeat(64)}`],
    [`r.example/a/b@sha256:${'b'.repeat(64)}`, 'r.example/a/b'],
    ['q.example/a:1', '*.example'],
    ['q.example:443/a:1', '*.example'],
    ['x.y.example/a:1', '*.example'],
    ['b.example/a:1', '*.example'],
    ['x.b.example/a:1', '*.b.example'],
    ['x.b.example:5000/c/d:1', '*.b.example'],
    ['x.b.example/c/d:1', 'x.b.example/c'],
    ['example/a:1', ''],
    ['docker.io/library/nginx:1', 'docker.io/library/nginx'],
    ['docker.io/library/nginx-2:1', ''],
    ['localhost:5000/a:1', 'localhost:5000'],
  ])('decides %s by the scope %s alone', async (reference, scope) => {
    const docker = Object.fromEntries(SCOPES.map((text) => [text, signed(`/${encodeURIComponent(text)}`)]));
    const all = await rules({ default: signed('/'), transports: { docker } });
    expect(named(all, reference).map(({ gpg }) => gpg?.keys)).toEqual([[`/${encodeURIComponent(scope)}`]]);
  });

  it('is no business of images that were built here', async () => {
    expect(named(await rules({ default: signed('/k') }), 'localhost/app:1')).toEqual([]);
  });

  it('says of everything else what pulled images need', () => {
    const origins = (policy: object) => (convert(policy).policy.run as { origins: object }).origins;
    expect(origins({ default: ACCEPT })).toEqual({ pulled: 'accept', imported: 'accept' });
    expect(origins({ default: REJECT })).toEqual({ pulled: 'signature', imported: 'refuse' });
    expect(origins({ default: REJECT, transports: { docker: { '': ACCEPT } } })).toMatchObject({ pulled: 'accept' });
    expect(origins({ default: ACCEPT, transports: { docker: { '': signed('/k') } } })).toMatchObject({
      pulled: 'signature',
    });
  });

  it('refuses imports where one kind of them is not accepted, or one place', () => {
    for (const oci of [{ '': REJECT }, { '/srv': REJECT }, { '': ACCEPT, '/srv': REJECT }]) {
      const { policy, notes } = convert({ default: ACCEPT, transports: { oci } });
      expect(policy.run).toMatchObject({ origins: { imported: 'refuse' } });
      expect(notes.some(({ kind }) => kind === 'lost')).toBe(true);
    }
  });

  it('asks for each requirement of a list, and rejects where one does', async () => {
    const docker = {
      'r.example/a': [...signed('/1'), ...ACCEPT, ...signed('/2')],
      'r.example/b': [...signed('/1'), ...REJECT],
    };
    const all = await rules({ default: REJECT, transports: { docker } });
    expect(named(all, 'r.example/a:1').map(({ gpg }) => gpg?.keys)).toEqual([['/1'], ['/2']]);
    expect(named(all, 'r.example/b:1').map(({ verdict }) => verdict)).toEqual(['reject']);
  });

  const one = (requirement: object, context = {}) => {
    const { policy, notes } = convert(
      { default: REJECT, transports: { docker: { 'r.example': [requirement] } } },
      context,
    );
    const [entry] = policy.images as { require: unknown }[];
    return { require: entry?.require, notes };
  };
  const keyless = {
    type: 'sigstoreSigned',
    fulcio: { caPath: '/ca', oidcIssuer: 'https://i', subjectEmail: 'a@b' },
    rekorPublicKeyPath: '/r',
  };

  it.each<[string, object, object, unknown]>([
    [
      'relative paths',
      { type: 'signedBy', keyType: 'GPGKeys', keyPaths: ['a', '/b'] },
      {},
      { gpg: { key: ['/here/a', '/b'] }, identity: 'reference' },
    ],
    [
      'keys of cosign',
      { type: 'sigstoreSigned', keyPath: '/k', signedIdentity: { type: 'matchRepository' } },
      {},
      { cosign: { key: ['/k'] }, identity: 'repository' },
    ],
    [
      'keyless',
      keyless,
      { trustedRoot: 'sigstore' },
      { cosign: { identity: 'a@b', issuer: 'https://i', trustedRoot: 'sigstore' }, identity: 'reference' },
    ],
    [
      'keyless, by a file',
      keyless,
      { trustedRoot: 'root.json' },
      { cosign: { identity: 'a@b', issuer: 'https://i', trustedRoot: '/here/root.json' }, identity: 'reference' },
    ],
    [
      'a lookaside',
      signed('/k')[0] ?? {},
      { lookaside: () => ({ address: 'file:///s' }) },
      { gpg: { key: ['/k'], lookaside: 'file:///s' }, identity: 'reference' },
    ],
  ])('has %s', (_, requirement, context, expected) => {
    const { require, notes } = one(requirement, context);
    expect(require).toEqual(expected);
    expect(notes.filter(({ kind }) => kind === 'lost')).toEqual([]);
  });

  it.each([
    ['keyless without a trusted root', keyless],
    ['a key and a log', { type: 'sigstoreSigned', keyPath: '/k', rekorPublicKeyData: 'eA==' }],
    ['an authority of one’s own', { type: 'sigstoreSigned', pki: { caRootsPath: '/r', subjectEmail: 'a@b' } }],
    ['an identity without issuer', { ...keyless, fulcio: { caPath: '/ca', subjectEmail: 'a@b' } }],
    ['base layers', { type: 'signedBaseLayer', baseLayerIdentity: { type: 'matchExact' } }],
    ['other keys', { type: 'signedBy', keyType: 'X509Certificates', keyPath: '/k' }],
    ['no key', { type: 'signedBy', keyType: 'GPGKeys' }],
    ['two kinds of keys', { type: 'signedBy', keyType: 'GPGKeys', keyPath: '/k', keyData: 'eA==' }],
    ['a key in it', { type: 'signedBy', keyType: 'GPGKeys', keyData: 'eA==' }],
    ['an unknown identity', { ...signed('/k')[0], signedIdentity: { type: 'matchNobody' } }],
    ['half an identity', { ...signed('/k')[0], signedIdentity: { type: 'remapIdentity', prefix: 'a' } }],
  ])('that cannot be said is rejected, with a word about it: %s', (_, requirement) => {
    const { require, notes } = one(requirement);
    expect(require).toBe('reject');
    expect(notes).toMatchObject([{ kind: 'lost', file: 'policy.json', part: 'transports.docker.r.example.0' }]);
    expect(notes[0]?.line).toBeGreaterThan(5);
  });

  it('with more scopes than a policy may have is refused, not cut', async () => {
    const docker = Object.fromEntries([...Array(300).keys()].map((i) => [`r${i}.example`, signed('/k')]));
    expect(await codeOf(policyText(convert({ default: REJECT, transports: { docker } }), 'x'))).toBe('POLICY_INVALID');
  });

  it('cannot write a line of its own into the result', async () => {
    const evil = 'r.example\nimages: []';
    const { notes } = convert({ default: REJECT, transports: { docker: { [evil]: ACCEPT } } });
    expect(notes).toMatchObject([{ kind: 'lost' }]);
    const text = await policyText(convert({ default: REJECT }), 'a\nrun: {}');
    expect(text.split('\n')[0]).toBe('# Made of "a\\nrun: {}" by secure policy import.');
  });
});
