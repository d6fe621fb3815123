// SPDX-License-Identifier: Apache-2.0
// Kinds of attestations by a short name, or by the type of their predicate.

/** What tools call them; each has grown versions behind a slash. */
const KINDS: Readonly<Record<string, readonly string[]>> = {
  slsa: ['https://slsa.dev/provenance'],
  spdx: ['https://spdx.dev/Document'],
  cyclonedx: ['https://cyclonedx.org/bom'],
  vuln: ['https://cosign.sigstore.dev/attestation/vuln', 'https://in-toto.io/attestation/vulns'],
};
export const PREDICATE_KINDS = Object.keys(KINDS);
const URI = /^[a-z][a-z0-9+.-]*:\S+$/i;
const LIMIT = 512;

/** Whether a text names a kind. */
export const isPredicateKind = (text: string): boolean =>
  Object.hasOwn(KINDS, text) || (text.length <= LIMIT && URI.test(text));

/** Whether a predicate of this type is of the kind: `slsa` is each version of it, an URI is itself. */
export function isOfKind(predicateType: string, kind: string): boolean {
  const bases = Object.hasOwn(KINDS, kind) ? (KINDS[kind] ?? []) : undefined;
  if (bases === undefined) return predicateType === kind;
  return bases.some((base) => predicateType === base || predicateType.startsWith(`${base}/`));
}
