// SPDX-License-Identifier: Apache-2.0
// The section `images` of a policy file: whose signature images must have.
import { wholePattern } from './patterns.ts';
import { isPredicateKind, PREDICATE_KINDS } from './predicates.ts';
import type { Problem } from './problems.ts';
import type { SourceText } from './source.ts';
import { parseSubject } from './subjects.ts';
import type { SignatureRule, SignerName, TrustedRootSource } from './types.ts';

interface Tree {
  readonly match: string | readonly string[];
  readonly except?: string | readonly string[];
  readonly require: Wanted | 'reject' | 'nothing';
}

interface Wanted {
  readonly identity?: SignatureRule['identity'];
  readonly attestation?: string | readonly string[];
  readonly cosign?: {
    readonly key?: string | readonly string[];
    readonly identity?: string;
    readonly identityPattern?: string;
    readonly issuer?: string;
    readonly issuerPattern?: string;
    readonly trustedRoot?: string | { readonly mirror: string; readonly root?: string };
  };
  readonly gpg?: { readonly key: string | readonly string[]; readonly lookaside?: string };
  readonly notary?: {
    readonly roots?: string | readonly string[];
    readonly authorityRoots?: string | readonly string[];
    readonly timestampRoots?: string | readonly string[];
    readonly revocations?: string | readonly string[];
    readonly identities: string | readonly string[];
  };
}

const rules = (source: SourceText): readonly Tree[] => (source.value as { images?: readonly Tree[] }).images ?? [];
const many = (value: string | readonly string[] | undefined): string[] => (value === undefined ? [] : [value].flat());

function unreadable(pattern: string | undefined): boolean {
  try {
    wholePattern(pattern ?? '');
    return false;
  } catch {
    return true;
  }
}

interface Objection {
  /** Below `require`. */
  readonly key: string;
  readonly message: string;
}

function objections({ require }: Tree): Objection[] {
  if (typeof require === 'string') return [];
  const { cosign, notary, gpg, identity } = require;
  if (cosign === undefined && notary === undefined && gpg === undefined)
    return [{ key: '', message: 'names nobody: it needs cosign, notary or gpg' }];
  return [
    ...(cosign === undefined ? [] : ofCosign(cosign)),
    ...(notary === undefined ? [] : ofNotary(notary)),
    ...ofIdentity(identity),
    ...ofAttestation(require),
  ];
}

function ofAttestation({ attestation, notary, gpg }: Wanted): Objection[] {
  const kinds = many(attestation);
  const unknown = kinds.find((kind) => !isPredicateKind(kind));
  const known = PREDICATE_KINDS.join(', ');
  const found: Objection[] = [];
  if (unknown !== undefined)
    found.push({ key: '/attestation', message: `has to be ${known}, or the whole type of a predicate (https://…)` });
  if (kinds.length > 0 && (notary !== undefined || gpg !== undefined))
    found.push({
      key: '/attestation',
      message: 'counts for cosign only: attestations are signed in the forms of sigstore',
    });
  return found;
}

/** Schemas of alternatives have errors that nobody can read. */
function ofIdentity(identity: Wanted['identity']): Objection[] {
  if (typeof identity !== 'object') return [];
  const keys = Object.keys(identity).sort().join(' ');
  if (['repository', 'reference', 'prefix signedPrefix'].includes(keys)) return [];
  return [{ key: '/identity', message: 'needs repository, or reference, or prefix and signedPrefix' }];
}

function ofNotary({ roots, authorityRoots, identities }: NonNullable<Wanted['notary']>): Objection[] {
  const found: Objection[] = [];
  if (roots === undefined && authorityRoots === undefined)
    found.push({ key: '/notary', message: 'needs roots or authorityRoots: whose certificates count' });
  for (const text of many(identities)) {
    try {
      parseSubject(text);
    } catch (error) {
      found.push({ key: '/notary/identities', message: (error as Error).message });
    }
  }
  return found;
}

function ofCosign(cosign: NonNullable<Wanted['cosign']>): Objection[] {
  const { key, identity, identityPattern, issuer, issuerPattern, trustedRoot } = cosign;
  const found: Objection[] = [];
  const add = (wrong: boolean, at: string, message: string) => wrong && found.push({ key: `/cosign${at}`, message });
  const named = identity !== undefined || identityPattern !== undefined;
  const vouched = issuer !== undefined || issuerPattern !== undefined;
  add(key === undefined && !named, '', 'names nobody: it needs key, or identity with issuer and trustedRoot');
  add(named && !vouched, '', 'needs issuer: anybody may have an account of that name with another one');
  add(vouched && !named, '', 'needs identity: an issuer vouches for many people');
  add(named && trustedRoot === undefined, '', 'needs trustedRoot: whose certificates count');
  add(trustedRoot !== undefined && !named, '/trustedRoot', 'counts for identities only');
  add(
    identity !== undefined && identityPattern !== undefined,
    '/identityPattern',
    'stands beside identity: give one of them',
  );
  add(issuer !== undefined && issuerPattern !== undefined, '/issuerPattern', 'stands beside issuer: give one of them');
  add(unreadable(identityPattern), '/identityPattern', 'is no regular expression');
  add(unreadable(issuerPattern), '/issuerPattern', 'is no regular expression');
  return found;
}

/** The section `remote`, as a rule about everything. */
const remoteTree = (source: SourceText): Tree | undefined => {
  const { remote } = source.value as { remote?: { require: Wanted } };
  return remote === undefined ? undefined : { match: '**', require: remote.require };
};

/** What JSON Schema cannot say. */
export function unusableRules(source: SourceText): Problem[] {
  const remote = remoteTree(source);
  const all = rules(source).map((rule, i) => ({ rule, place: `/images/${i}` }));
  return [...all, ...(remote === undefined ? [] : [{ rule: remote, place: '/remote' }])].flatMap(({ rule, place }) =>
    objections(rule).map(({ key, message }): Problem => {
      const at = `${place}/require${key}`;
      const name = at.slice(1).replaceAll('/', '.');
      return { code: 'POLICY_INVALID', message: `${name} ${message}`, file: source.policy, ...source.at(at) };
    }),
  );
}

function signerName(text: string | undefined, pattern: string | undefined): SignerName {
  return pattern === undefined ? { text: text ?? '' } : { pattern };
}

/** `sigstore` is a name; a file that is called so is `./sigstore`. */
function readTrustedRootSource(written: NonNullable<NonNullable<Wanted['cosign']>['trustedRoot']>): TrustedRootSource {
  if (typeof written === 'string') return written === 'sigstore' ? { mirror: written } : { file: written };
  const { mirror, root } = written;
  return root === undefined ? { mirror } : { mirror, pin: root };
}

/** Who is wanted; paths as they are written. */
function readWanted({ cosign = {}, notary, gpg, identity = 'repository', attestation }: Wanted) {
  return {
    keys: many(cosign.key),
    ...(cosign.trustedRoot === undefined
      ? {}
      : {
          keyless: {
            identity: signerName(cosign.identity, cosign.identityPattern),
            issuer: signerName(cosign.issuer, cosign.issuerPattern),
            trustedRoot: readTrustedRootSource(cosign.trustedRoot),
          },
        }),
    ...(gpg === undefined ? {} : { gpg: { keys: many(gpg.key), lookaside: gpg.lookaside } }),
    ...(notary === undefined
      ? {}
      : {
          notary: {
            roots: many(notary.roots),
            authorityRoots: many(notary.authorityRoots),
            timestampRoots: many(notary.timestampRoots),
            revocations: many(notary.revocations),
            identities: many(notary.identities),
          },
        }),
    identity,
    attestations: many(attestation),
  };
}

const readRule = (source: SourceText, { match, except, require }: Tree, at: string): SignatureRule => ({
  match: many(match),
  except: many(except),
  verdict: typeof require === 'string' ? require : 'signature',
  ...readWanted(typeof require === 'string' ? {} : require),
  by: { policy: source.policy, ...source.at(at) },
});

/** The rules of a file without problems; paths as they are written. */
export function readSignatureRules(source: SourceText): SignatureRule[] {
  return rules(source).map((rule, i) => readRule(source, rule, `/images/${i}`));
}

/** Whose signature policies of a registry must have, where the file says so. */
export function readRemote(source: SourceText): { readonly remote?: SignatureRule } {
  const tree = remoteTree(source);
  return tree === undefined ? {} : { remote: readRule(source, tree, '/remote') };
}
