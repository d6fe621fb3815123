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
/** What a probe in it said. */
export const probeUri = (name: string): string => `probe/${segments(name) || 'here'}`;
/** `image/docker/localhost/nginx/latest`: of another engine. */
export const engineImageUri = (engine: string, reference: string): string =>
  imageUri(reference).replace(/^image\//, `image/${segments(engine)}/`);

/** A file below the working directory by its path in it, as code scanning resolves it; another below `outside`. */
function fileUri(path: string, outside: string, cwd: string): string {
  const whole = resolve(cwd, path);
  const below = relative(cwd, whole);
  return below === '..' || below.startsWith('../') || isAbsolute(below)
    ? `${outside}/${segments(whole)}`
    : segments(below);
}

export const dockerfileUri = (path: string, cwd: string = process.cwd()): string => fileUri(path, 'dockerfile', cwd);
export const engineUri = (name: string): string => `engine/${segments(name)}`;
export const engineFileUri = (path: string, cwd: string = process.cwd()): string => fileUri(path, 'engine', cwd);
export const composeUri = (path: string, cwd: string = process.cwd()): string => fileUri(path, 'compose', cwd);
export const bundleUri = (path: string, cwd: string = process.cwd()): string => fileUri(path, 'bundle', cwd);
export const manifestUri = (path: string, cwd: string = process.cwd()): string => fileUri(path, 'kubernetes', cwd);

/** Where a problem is, below what was audited. */
export function locationUri(audited: Audited, { location }: Problem): string {
  if (location.path === undefined || ['dockerfile', 'compose', 'kubernetes', 'engine'].includes(audited.target))
    return audited.uri;
  const below = segments(location.path);
  return below === '' ? audited.uri : `${audited.uri}/${below}`;
}
