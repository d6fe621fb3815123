// SPDX-License-Identifier: Apache-2.0
// Where reports go. Looked at before anything is collected, written when all of them are ready: all files or none.
import { accessSync, constants, lstatSync, renameSync, rmSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { SecureError } from '../../errors.ts';
import { diskError, errnoOf, writeTemporary } from '../../runtime/images/durable.ts';
import { quote } from '../read.ts';
import type { Format } from './flags.ts';

export interface Output {
  readonly path: string;
  readonly format: Format;
}

const EXTENSIONS: readonly (readonly [string, Format])[] = [
  ['.sarif.json', 'sarif'],
  ['.sarif', 'sarif'],
  ['.json', 'json'],
  ['.html', 'html'],
  ['.htm', 'html'],
  ['.md', 'markdown'],
  ['.xml', 'junit'],
  ['.txt', 'table'],
];

function refused(path: string, why: string, hint: string, cause?: unknown): SecureError {
  return new SecureError('OUTPUT_REFUSED', `cannot write ${quote(path)}: ${why}`, { hint, cause });
}

function formatOf(path: string): Format {
  const found = EXTENSIONS.find(([extension]) => path.toLowerCase().endsWith(extension));
  if (found !== undefined) return found[1];
  throw new SecureError('INVALID_VALUE', `--output ${quote(path)}: its name says no format`, {
    hint: 'end it in .sarif, .md, .xml, .html, .json or .txt, or give one --output with --format',
  });
}

/** What is written replaces a file of its name, and nothing else: renaming over a link or a FIFO would take that away. */
export function check(path: string): void {
  const directory = dirname(resolve(path));
  try {
    if (path === '' || path.includes('\0')) throw refused(path, 'is no name of a file', 'give the path of a file');
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat !== undefined && !stat.isFile()) {
      const kind = stat.isDirectory()
        ? 'a directory'
        : stat.isSymbolicLink()
          ? 'a symbolic link'
          : 'not a regular file';
      throw refused(path, `is ${kind}`, 'name a file; without --output the report goes to stdout');
    }
    if (stat === undefined && path.endsWith('/')) throw refused(path, 'is a directory', 'name a file in it');
    accessSync(directory, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw translated(path, error);
  }
}

function translated(path: string, error: unknown): unknown {
  if (error instanceof SecureError) return error;
  const directory = dirname(resolve(path));
  const code = errnoOf(error);
  if (code === 'ENOENT') return refused(path, `there is no directory ${directory}`, 'make it first', error);
  if (code === 'ENOTDIR') return refused(path, `${directory} is not a directory`, 'name a file in a directory', error);
  if (code === 'ENAMETOOLONG') return refused(path, 'the name is too long', 'use a shorter one', error);
  if (code === undefined) return error;
  const disk = diskError(error, `writing ${path}`);
  return disk === error
    ? refused(path, `cannot be written (${code})`, 'choose a file that you may write', error)
    : disk;
}

/**
 * The files that are to be written, checked as far as that can be done beforehand.
 * @throws SecureError OUTPUT_REFUSED, INVALID_VALUE, USAGE
 */
export function planOutputs(paths: readonly string[], format: Format | undefined): Output[] {
  if (paths.length > 1 && format !== undefined) {
    throw new SecureError('USAGE', '--format and several --output cannot be used together', {
      hint: 'the extension of each file says its format',
    });
  }
  const named = paths.map((path) => ({ path, format: format ?? formatOf(path) }));
  const places = paths.map((path) => resolve(path));
  const twice = paths.find((_, i) => places.indexOf(places[i] ?? '') !== i);
  if (twice !== undefined)
    throw new SecureError('USAGE', `--output ${quote(twice)} is given twice`, {
      hint: 'one file holds one report: give each --output a name of its own',
    });
  for (const path of paths) check(path);
  return named;
}

/**
 * A file that only its owner reads.
 * @throws SecureError OUTPUT_REFUSED
 */
export function writePrivate(path: string, text: string): void {
  check(path);
  let temporary: string | undefined;
  try {
    temporary = writeTemporary(resolve(path), text, 0o600);
    renameSync(temporary, path);
  } catch (error) {
    throw translated(path, error);
  } finally {
    if (temporary !== undefined) rmSync(temporary, { force: true });
  }
}

/** Write all, each under a temporary name first; a failure leaves what was there before. */
export function writeOutputs(files: readonly { readonly path: string; readonly text: string }[]): void {
  const temporaries: string[] = [];
  try {
    for (const { path, text } of files) {
      check(path);
      try {
        temporaries.push(writeTemporary(resolve(path), text, 0o666));
      } catch (error) {
        throw translated(path, error);
      }
    }
    for (const [i, { path }] of files.entries()) {
      try {
        renameSync(temporaries[i] ?? '', path);
      } catch (error) {
        throw translated(path, error);
      }
    }
  } finally {
    // After a rename there is nothing of that name.
    for (const temporary of temporaries) rmSync(temporary, { force: true });
  }
}
