// SPDX-License-Identifier: Apache-2.0
// The section `images` of a policy file: whose signature images must have.
import type { Problem } from './problems.ts';
import type { SourceText } from './source.ts';
import type { SignatureRule, SignerName } from './types.ts';

interface Tree {
  readonly match: string | readonly string[];
  readonly require: {
    readonly identity?: SignatureRule['identity'];
    readonly cosign: {
      readonly key?: string | readonly string[];
      readonly identity?: string;
      readonly identityPattern?: string;
      readonly issuer?: string;
      readonly issuerPattern?: string;
      readonly trustedRoot?: string;
    };
  };
}

const rules = (source: SourceText): readonly Tree[] => (source.value as { images?: readonly Tree[] }).images ?? [];
const many = (value: string | readonly string[] | undefined): string[] => (value === undefined ? [] : [value].flat());

/** A pattern is one of the whole text: what only contains the name of somebody trusted is somebody else. @throws SyntaxError */
export const wholePattern = (pattern: string): RegExp => new RegExp(`^(?:${pattern})$`, 'u');

function unreadable(pattern: string | undefined): boolean {
  try {
    wholePattern(pattern ?? '');
    return false;
  } catch {
    return true;
  }
}

function objections({ require: { cosign } }: Tree): { key: string; message: string }[] {
  const { key, identity, identityPattern, issuer, issuerPattern, trustedRoot } = cosign;
  const found: { key: string; message: string }[] = [];
  const add = (wrong: boolean, at: string, message: string) => wrong && found.push({ key: at, message });
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
      const at = `/images/${i}/require/cosign${key}`;
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
  return rules(source).map(({ match, require: { cosign, identity = 'repository' } }, i) => ({
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
    identity,
    by: { policy: source.policy, ...source.at(`/images/${i}`) },
  }));
}
