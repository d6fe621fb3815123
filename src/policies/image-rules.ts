// SPDX-License-Identifier: Apache-2.0
// Rules about signatures in words, and what a change of them means.
import type { SignatureRule } from './types.ts';

/** Each of those whose signature is enough. */
function signers({ keys, keyless, notary, gpg }: SignatureRule): string[] {
  return [
    ...keys.map((key) => `key ${key}`),
    ...(keyless === undefined ? [] : [`identity ${JSON.stringify(keyless)}`]),
    ...(notary === undefined ? [] : [`notary ${JSON.stringify(notary)}`]),
    ...(gpg?.keys ?? []).map((key) => `gpg ${key}${gpg?.lookaside === undefined ? '' : ` at ${gpg.lookaside}`}`),
  ];
}

const identityText = ({ identity }: SignatureRule): string =>
  typeof identity === 'string' ? identity : JSON.stringify(identity);

/** `signature by key team.pub, naming the repository`; without the names that it is about. */
export function requirementText(rule: SignatureRule): string {
  if (rule.verdict === 'reject') return 'rejected';
  if (rule.verdict === 'nothing') return 'no signature is needed';
  const what = rule.attestations.length === 0 ? 'signature' : `attestation ${rule.attestations.join(' and ')}`;
  return `${what} by ${signers(rule).join(' or ')}, naming ${identityText(rule)}`;
}

export const imagesText = ({ match, except }: SignatureRule): string =>
  `${match.join(' ')}${except.length === 0 ? '' : ` but ${except.join(' ')}`}`;

/** `looser`: images run that did not. */
export interface RuleChange {
  readonly name: string;
  readonly direction: 'tighter' | 'looser' | 'other';
  readonly from?: string;
  readonly to?: string;
}

const RANK = { nothing: 0, signature: 1, reject: 2 } as const;
const text = (rule: SignatureRule): string => `${imagesText(rule)}: ${requirementText(rule)}`;
const within = (some: readonly string[], all: readonly string[]): boolean => some.every((one) => all.includes(one));

/** How far one list is from another: 1 has more, -1 has less, 0 is the same, undefined has both. */
function growth(a: readonly string[], b: readonly string[]): number | undefined {
  const [more, less] = [within(a, b), within(b, a)];
  if (more && less) return 0;
  return more ? 1 : less ? -1 : undefined;
}

function directionOf(a: SignatureRule, b: SignatureRule): RuleChange['direction'] {
  if (a.verdict !== b.verdict) return RANK[a.verdict] < RANK[b.verdict] ? 'tighter' : 'looser';
  // Names that are left out of `nothing` are names for which more is asked.
  const sign = a.verdict === 'nothing' ? -1 : 1;
  const except = growth(a.except, b.except);
  const steps = [except && sign * except];
  if (a.verdict === 'signature') {
    if (identityText(a) !== identityText(b)) return 'other';
    const [who, what] = [growth(signers(a), signers(b)), growth(a.attestations, b.attestations)];
    // A signature and an attestation are two things, of which none is more than the other.
    const same = (a.attestations.length === 0) === (b.attestations.length === 0);
    steps.push(who, same && what !== undefined ? -what : undefined);
  }
  if (steps.includes(undefined) || (steps.includes(1) && steps.includes(-1))) return 'other';
  if (steps.includes(1)) return 'looser';
  return steps.includes(-1) ? 'tighter' : 'other';
}

/** What is different between the rules of two policies. Rules for the same names are one rule that was changed. */
export function signatureChanges(before: readonly SignatureRule[], after: readonly SignatureRule[]): RuleChange[] {
  const unchanged = new Set(before.map(text).filter((one) => after.some((rule) => text(rule) === one)));
  const old = before.filter((rule) => !unchanged.has(text(rule)));
  const now = after.filter((rule) => !unchanged.has(text(rule)));
  const names = (rule: SignatureRule) => rule.match.join(' ');
  const changes: RuleChange[] = [];
  for (const a of old) {
    const index = now.findIndex((b) => names(a) === names(b));
    const [b] = index < 0 ? [] : now.splice(index, 1);
    const gone = a.verdict === 'nothing' ? 'tighter' : 'looser';
    if (b === undefined) changes.push({ name: names(a), direction: gone, from: text(a) });
    else changes.push({ name: names(a), direction: directionOf(a, b), from: text(a), to: text(b) });
  }
  for (const b of now)
    changes.push({ name: names(b), direction: b.verdict === 'nothing' ? 'looser' : 'tighter', to: text(b) });
  return changes;
}
