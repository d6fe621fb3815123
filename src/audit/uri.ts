// SPDX-License-Identifier: Apache-2.0
// Relative URIs for things that are no files of a repository. Code scanning rejects a whole file of results for one that is
// absolute, or whose first segment holds a colon and so is read as a scheme.
import { isAbsolute, relative, resolve } from 'node:path';
import type { Audited, Problem } from './types.ts';

/** Percent-encoded segments; empty ones, `.` and `..` cannot lead elsewhere because they are left out. */
function segments(text: string): string {
  return text
    .split('/')
    .filter((part) => part !== '' && part !== '.' && part !== '..')
    .map((part) => encodeURIComponent(part.toWellFormed()))
    .join('/');
}

/** `image/localhost/nginx/latest`: repository, then tag or digest. */
export function imageUri(reference: string): string {
  const [named = '', digest] = reference.split('@', 2);
  const colon = named.indexOf(':', named.lastIndexOf('/') + 1);
  const tagged = colon < 0 ? named : `${named.slice(0, colon)}/${named.slice(colon + 1)}`;
  return `image/${segments(digest === undefined ? tagged : `${tagged}/${digest}`)}`;
}

export const containerUri = (name: string): string => `container/${segments(name)}`;

/** A file below the working directory by its path in it, as code scanning resolves it; another below `dockerfile/`. */
export function dockerfileUri(path: string, cwd: string = process.cwd()): string {
  const whole = resolve(cwd, path);
  const below = relative(cwd, whole);
  return below === '..' || below.startsWith('../') || isAbsolute(below)
    ? `dockerfile/${segments(whole)}`
    : segments(below);
}

/** Where a problem is, below what was audited. */
export function locationUri(audited: Audited, { location }: Problem): string {
  if (location.path === undefined || audited.target === 'dockerfile') return audited.uri;
  const below = segments(location.path);
  return below === '' ? audited.uri : `${audited.uri}/${below}`;
}
