// SPDX-License-Identifier: Apache-2.0
// What a policy is held against: build files, plans and bundles by path, images by name.
import { existsSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { composeSubjects, isCompose } from '../../audit/facts/compose/services.ts';
import { inspectedSubjects, isInspected } from '../../audit/facts/container/subject.ts';
import { kubernetesSubjects } from '../../audit/facts/kubernetes/pods.ts';
import { documentsOf } from '../../audit/facts/yaml/documents.ts';
import { parseJson, readTextFile } from '../../audit/read-file.ts';
import type { Subject } from '../../policies/rules/evaluate.ts';
import { parseDockerfile, readDockerfileText } from '../../runtime/images/dockerfile/parse.ts';
import { dockerfileSubject } from '../../runtime/images/dockerfile/subject.ts';
import {
  type ImageTargets,
  imageNamed,
  imagesAt,
  isImagePath,
  namesRegistry,
  type ReviewedImage,
} from '../../runtime/review-images.ts';
import { containerNamed } from '../audit/containers.ts';
import { COMPOSE_FILE, corpusFiles } from '../corpus.ts';
import { hostTarget, namesHost } from './host.ts';

function planSubject(path: string, facts: unknown): Subject {
  const image = (facts as null | { secure?: { image?: { reference?: unknown } } })?.secure?.image?.reference;
  return { target: 'plan', name: typeof image === 'string' ? image : path, facts, file: { path, line: 1 } };
}

/** Of files that may be of compose: most are not. */
function firstDocument(text: string, path: string): unknown {
  if (!/services|include/.test(text)) return undefined;
  const [first] = documentsOf(text, path);
  return first?.value;
}

const FILE_LIMIT = 16 << 20;

/** What is in a file: a plan, a build file, or what makes pods in manifests. @throws SecureError AUDIT_UNREADABLE, DOCKERFILE_INVALID, MANIFEST_INVALID */
export function fileSubjects(path: string): Subject[] {
  if (!/\.(?:json|ya?ml)$/.test(path))
    return [dockerfileSubject(parseDockerfile(readDockerfileText(path, 'AUDIT_UNREADABLE'), path))];
  const text = readTextFile(path, FILE_LIMIT);
  const facts = path.endsWith('.json') ? parseJson(text, path) : undefined;
  if (COMPOSE_FILE.test(basename(path)) || isCompose(facts ?? firstDocument(text, path)))
    return [...composeSubjects(text, path, (other) => readTextFile(other, FILE_LIMIT))];
  if (isInspected(facts)) return inspectedSubjects(facts);
  const { apiVersion, kind } = (facts ?? {}) as { apiVersion?: unknown; kind?: unknown };
  const isManifest = facts === undefined || (typeof apiVersion === 'string' && typeof kind === 'string');
  return isManifest ? [...kubernetesSubjects(text, path)] : [planSubject(path, facts)];
}

/** A name alone may be that of an image too, so a directory is given as a path: `./app`. */
const isPath = (text: string): boolean =>
  existsSync(text) && (!statSync(text).isDirectory() || text.includes('/') || /^\.\.?$/.test(text));

/** Of a directory: that of a bundle or a build, else everything below it. */
function directorySubjects(path: string): Subject[] {
  for (const name of ['config.json', 'Dockerfile', 'Containerfile'])
    if (existsSync(join(path, name))) return fileSubjects(join(path, name));
  return corpusFiles(path).flatMap(fileSubjects);
}

const CONTAINER = 'container://';

/**
 * What is held against a policy: what is at a path; in its registry what begins with docker://; `container://NAME`, `host://` and `engine://NAME`; else the name of an image of the store.
 * @throws SecureError AUDIT_UNREADABLE, DOCKERFILE_INVALID, MANIFEST_INVALID, LIMIT_EXCEEDED, and those of `imagesAt` and `imageNamed`
 */
export async function subjectsOf(text: string, images: ImageTargets): Promise<ReviewedImage[]> {
  if (namesHost(text)) return [{ subject: await hostTarget(text) }];
  if (text.startsWith(CONTAINER)) return [{ subject: await containerNamed(text.slice(CONTAINER.length)) }];
  if (namesRegistry(text) || !isPath(text)) return [await imageNamed(text, images)];
  if (await isImagePath(text)) return imagesAt(text, images);
  const subjects = statSync(text).isDirectory() ? directorySubjects(text) : fileSubjects(text);
  return subjects.map((subject) => ({ subject }));
}
