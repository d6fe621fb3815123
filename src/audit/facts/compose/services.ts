// SPDX-License-Identifier: Apache-2.0
// The services of a compose file, with what they extend and the files that are included (compose-spec).
import { dirname, resolve } from 'node:path';
import type { Subject } from '../../../policies/rules/evaluate.ts';
import { pointer } from '../../../policies/source.ts';
import { documentsOf, invalidManifest, type Manifest } from '../yaml/documents.ts';
import { Tree } from '../yaml/tree.ts';
import { interpolatedValue } from './interpolate.ts';
import { type Fields, isFields, mergedService, withMergeKeys } from './merge.ts';
import { serviceFacts } from './service.ts';

/** Files that one includes or extends, and services that extend one another. */
const FILES = 64;
const DEPTH = 16;
const HINT = 'see what compose makes of it: docker compose config';

/** Text of a file; @throws SecureError where it cannot be read */
export type ReadFile = (path: string) => string;

interface File {
  readonly path: string;
  readonly manifest: Manifest;
  readonly value: Fields;
}

/** Whether a document is one of compose: it has services, and is no object of Kubernetes. */
export function isCompose(value: unknown): boolean {
  return (
    isFields(value) &&
    !('kind' in value && 'apiVersion' in value) &&
    ['services', 'include'].some((name) => name in value)
  );
}

class Project {
  readonly #read: ReadFile;
  readonly #files = new Map<string, File>();

  constructor(read: ReadFile) {
    this.#read = read;
  }

  fail({ path, manifest }: File, at: string, message: string) {
    return invalidManifest(path, manifest.at(at), message, undefined, HINT);
  }

  /** @param by who names it, for errors */
  open(path: string, text?: string, by?: { file: File; at: string }): File {
    const known = this.#files.get(resolve(path));
    if (known !== undefined) return known;
    if (this.#files.size >= FILES && by !== undefined)
      throw this.fail(by.file, by.at, `more than ${FILES} files belong to it`);
    const [manifest, ...more] = [...documentsOf(text ?? this.#read(path), path)];
    if (manifest === undefined || more.length > 0)
      throw invalidManifest(path, { line: 1, column: 1 }, 'a compose file is one document', undefined, HINT);
    const value = interpolatedValue(withMergeKeys(manifest.value));
    const file = { path, manifest, value: isFields(value) ? value : {} };
    if (!isFields(value)) throw this.fail(file, '', 'it must be a mapping');
    this.#files.set(resolve(path), file);
    return file;
  }

  section(file: File, name: string): Tree {
    return new Tree(file.value[name], pointer(name), (at, message) => this.fail(file, at, message));
  }

  /** A service with all that it extends. */
  service(file: File, name: string, chain: readonly string[] = []): Fields {
    const at = pointer('services', name);
    const id = `${resolve(file.path)} ${name}`;
    if (chain.includes(id) || chain.length >= DEPTH) throw this.fail(file, at, `the service ${name} extends itself`);
    const { value: own } = this.section(file, 'services').get(name);
    if (own === undefined) throw this.fail(file, at, `there is no service ${name}`);
    if (own !== null && !isFields(own)) throw this.fail(file, at, `services.${name} must be a mapping`);
    const { extends: wanted, ...rest } = own ?? {};
    if (wanted === undefined || wanted === null) return rest;
    const from = typeof wanted === 'string' ? { service: wanted } : (wanted as { service?: unknown; file?: unknown });
    if (typeof from.service !== 'string') throw this.fail(file, `${at}/extends`, 'extends needs the name of a service');
    const other =
      typeof from.file === 'string'
        ? this.open(resolve(dirname(file.path), from.file), undefined, { file, at: `${at}/extends` })
        : file;
    return mergedService(this.service(other, from.service, [...chain, id]), rest) as Fields;
  }

  included(file: File): File[] {
    return this.section(file, 'include').items.flatMap((item) => {
      const paths = typeof item.value === 'string' ? [item.text] : [item.get('path').value].flat();
      return paths.map((path) => {
        if (typeof path !== 'string') throw item.wrong('a path, or a mapping with one');
        return this.open(resolve(dirname(file.path), path), undefined, { file, at: item.place });
      });
    });
  }
}

interface Identity {
  readonly file: string;
  readonly project: string;
  readonly name: string;
  readonly line: number;
  readonly column: number;
  /** JSON pointer to it in its file. */
  readonly at: string;
}
export type ServiceFacts = Identity & ReturnType<typeof serviceFacts>;
export type ServiceSubject = Subject & { readonly facts: ServiceFacts };

function* subjectsIn(project: Project, file: File): Generator<ServiceSubject> {
  const { path, manifest } = file;
  for (const name of project.section(file, 'services').keys) {
    const at = pointer('services', name);
    const { line, column } = manifest.key(at);
    const fail = (place: string, message: string) => project.fail(file, place, message);
    const service = new Tree(project.service(file, name), at, fail);
    const facts: ServiceFacts = {
      ...{ file: path, project: new Tree(file.value.name, '/name', fail).text, name, line, column, at },
      ...serviceFacts(service, project.section(file, 'volumes')),
    };
    yield {
      target: 'compose',
      name: `${path}: ${name}`,
      facts,
      file: { path, line, column, at: (to) => manifest.at(to) },
    };
  }
}

/**
 * Every service of a file, and of those that it includes.
 * @param read for files that it names, by absolute path
 * @throws SecureError MANIFEST_INVALID, LIMIT_EXCEEDED, and those of `read`
 */
export function* composeSubjects(text: string, path: string, read: ReadFile): Generator<ServiceSubject> {
  const project = new Project(read);
  const seen = new Set<File>();
  const queue = [project.open(path, text)];
  for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
    if (seen.has(file)) continue;
    seen.add(file);
    yield* subjectsIn(project, file);
    queue.push(...project.included(file));
  }
}
