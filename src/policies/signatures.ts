// SPDX-License-Identifier: Apache-2.0
// The section `images` of a policy file: whose signature images must have.
import { wholePattern } from './patterns.ts';
import type { Problem } from './problems.ts';
import type { SourceText } from './source.ts';
import { parseSubject } from './subjects.ts';
import type { SignatureRule, SignerName } from './types.ts';

interface Tree {
  readonly match: string | readonly string[];
  readonly require: {
    readonly identity?: SignatureRule['identity'];
    readonly cosign?: {
      readonly key?: string | readonly string[];
      readonly identity?: string;
      readonly identityPattern?: string;
      readonly issuer?: string;
      readonly issuerPattern?: string;
      readonly trustedRoot?: string;
    };
    readonly gpg?: { readonly key: string | readonly string[]; readonly lookaside?: string };
    readonly notary?: {
      readonly roots?: string | readonly string[];
      readonly authorityRoots?: string | readonly string[];
      readonly identities: string | readonly string[];
    };
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

function objections({ require: { cosign, notary, gpg } }: Tree): Objection[] {
  if (cosign === undefined && notary === undefined && gpg === undefined)
    return [{ key: '', message: 'names nobody: it needs cosign, notary or gpg' }];
  return [...(cosign === undefined ? [] : ofCosign(cosign)), ...(notary === undefined ? [] : ofNotary(notary))];
}

function ofNotary({ roots, authorityRoots, identities }: NonNullable<Tree['require']['notary']>): Objection[] {
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

function ofCosign(cosign: NonNullable<Tree['require']['cosign']>): Objection[] {
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

/** What JSON Schema cannot say. */
export function unusableRules(source: SourceText): Problem[] {
  return rules(source).flatMap((rule, i) =>
    objections(rule).map(({ key, message }): Problem => {
      const at = `/images/${i}/require${key}`;
      const name = at.slice(1).replaceAll('/', '.');
      return { code: 'POLICY_INVALID', message: `${name} ${message}`, file: source.policy, ...source.at(at) };
    }),
  );
}

function signerName(text: string | undefined, pattern: string | undefined): SignerName {
  return pattern === undefined ? { text: text ?? '' } : { pattern };
}

/** The rules of a file without problems; paths as they are written. */
export function readSignatureRules(source: SourceText): SignatureRule[] {
  return rules(source).map(({ match, require: { cosign = {}, notary, gpg, identity = 'repository' } }, i) => ({
    match: many(match),
    keys: many(cosign.key),
    ...(cosign.trustedRoot === undefined
      ? {}
      : {
          keyless: {
            identity: signerName(cosign.identity, cosign.identityPattern),
            issuer: signerName(cosign.issuer, cosign.issuerPattern),
            trustedRoot: cosign.trustedRoot,
          },
        }),
    ...(gpg === undefined ? {} : { gpg: { keys: many(gpg.key), lookaside: gpg.lookaside } }),
    ...(notary === undefined
      ? {}
      : {
          notary: {
            roots: many(notary.roots),
            authorityRoots: many(notary.authorityRoots),
            identities: many(notary.identities),
          },
        }),
    identity,
    by: { policy: source.policy, ...source.at(`/images/${i}`) },
  }));
}
