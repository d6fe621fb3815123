// SPDX-License-Identifier: Apache-2.0
// Whether the name in a signature is one that is wanted. Kinds and their meaning are those of containers-policy.json(5), "signedIdentity".
import { parseReference, type Reference } from '../reference.ts';
import type { Requirement, Subject } from './types.ts';

interface Named {
  /** `registry/repository`. */
  readonly repository: string;
  readonly tag: string | undefined;
  readonly digest: string | undefined;
}

const repositoryOf = ({ registry, repository }: Reference): string => `${registry}/${repository}`;
const textOf = ({ repository, tag, digest }: Named): string =>
  `${repository}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;

/**
 * `index.docker.io/library/nginx`, as cosign writes it, and `nginx` are both `docker.io/library/nginx`; a tag that is not there is none.
 * @throws SecureError REFERENCE_INVALID
 */
export function parseNamed(text: string): Named {
  const reference = parseReference(text);
  const [plain = ''] = text.split('@', 1);
  const tagged = plain.indexOf(':', plain.lastIndexOf('/') + 1) >= 0;
  return { repository: repositoryOf(reference), tag: tagged ? reference.tag : undefined, digest: reference.digest };
}

/** With a tag the name has to be the same, by digest alone the repository; a name without either is never enough. */
function isReference(signed: Named, repository: string, tag: string | undefined): boolean {
  if (signed.tag === undefined && signed.digest === undefined) return false;
  if (signed.repository !== repository) return false;
  return tag === undefined || (signed.tag === tag && signed.digest === undefined);
}

/** The beginning of a name ends where a part of it does. */
function remapped(repository: string, prefix: string, signedPrefix: string): string {
  if (repository !== prefix && !repository.startsWith(`${prefix}/`)) return repository;
  return signedPrefix + repository.slice(prefix.length);
}

/**
 * What is wrong with the name that was signed, or undefined when it is wanted. Of an identity that asks for no name, nothing is.
 * @throws SecureError REFERENCE_INVALID for a text that is no name
 */
export function nameObjection(text: string, subject: Subject, identity: Requirement['identity']): string | undefined {
  if (identity === 'digest-only') return undefined;
  const signed = parseNamed(text);
  const { repository, tag, digests } = subject;
  const wanted = (fine: boolean, what: string) => (fine ? undefined : `wanted is ${what}`);
  if (identity === 'repository')
    return signed.repository === repository ? undefined : 'the signature is for another repository';
  if (identity === 'reference')
    return wanted(isReference(signed, repository, tag), tag === undefined ? repository : `${repository}:${tag}`);
  if (identity === 'exact') {
    const names = tag === undefined ? digests.map((digest) => `${repository}@${digest}`) : [`${repository}:${tag}`];
    return wanted(names.includes(textOf(signed)), names.join(' or '));
  }
  if ('repository' in identity) {
    const { repository: other } = parseNamed(identity.repository);
    return wanted(signed.repository === other, other);
  }
  if ('reference' in identity) {
    const other = parseNamed(identity.reference);
    const complete = other.tag !== undefined || other.digest !== undefined;
    return wanted(complete && textOf(signed) === textOf(other), textOf(other));
  }
  const other = remapped(repository, identity.prefix, identity.signedPrefix);
  return wanted(isReference(signed, other, tag), tag === undefined ? other : `${other}:${tag}`);
}
