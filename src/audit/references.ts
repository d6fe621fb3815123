// SPDX-License-Identifier: Apache-2.0
// What a reference to an image leaves open.

export const hasDigest = (reference: string): boolean =>
  /@[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[0-9a-f]{32,}$/i.test(reference);

/** What is wrong with its version, as the end of a sentence; undefined: nothing. */
export function unversioned(reference: string): string | undefined {
  if (reference.includes('@')) return undefined;
  const name = reference.slice(reference.lastIndexOf('/') + 1);
  const tag = name.includes(':') ? name.slice(name.indexOf(':') + 1) : '';
  if (tag === '') return 'has no tag, which means latest';
  return tag === 'latest' ? 'has the tag latest' : undefined;
}
