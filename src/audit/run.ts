// SPDX-License-Identifier: Apache-2.0
// From something to audit to the results of every check of its target.
import { hostname } from 'node:os';
import { join } from 'node:path';
import { ExitCode, SecureError } from '../errors.ts';
import type { Subject } from '../policies/rules/evaluate.ts';
import type { ImageStore } from '../runtime/images/store.ts';
import { PRODUCT_VERSION } from '../version.ts';
import { CHECKS } from './checks/index.ts';
import type { ContainerInput } from './facts/container.ts';
import type { DockerfileFacts } from './facts/dockerfile.ts';
import type { HostFacts } from './facts/host.ts';
import { withoutIgnored } from './ignores.ts';
import { parseJson, readTextFile } from './read-file.ts';
import type { Audited, Check, Region, Report, Result } from './types.ts';
import { bundleUri, composeUri, containerUri, dockerfileUri, imageUri, manifestUri } from './uri.ts';
import type { Vex } from './vulnerabilities/vex.ts';

/**
 * Ask every check. One that throws ends the audit, since to go on would let whatever makes it throw hide from it.
 * @throws SecureError INTERNAL
 */
export function results<F>(checks: readonly Check<F, unknown>[], facts: F): Result[] {
  return checks.map((check) => {
    try {
      return { check, verdict: check.check(facts) };
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new SecureError('INTERNAL', `check ${check.id} failed: ${why}`, {
        hint: 'this is a bug in secure: run it again with SECURE_DEBUG=1 and report the output',
        exitCode: ExitCode.internal,
        cause,
      });
    }
  });
}

/** This machine, or the tree below `root` as if it were one; by default it is called by its path then. */
export async function collectHostTarget(
  root?: string,
  name = root ?? hostname(),
): Promise<{ target: 'host'; name: string; facts: HostFacts }> {
  const { collectHost } = await import('./facts/host.ts');
  return { target: 'host', name, facts: await collectHost(root) };
}

/** Advisories that were imported, of a state root. */
export const advisoriesOf = (state: string): string => join(state, 'vulnerabilities.db');

export interface ImageAuditOptions {
  /** What is said about vulnerabilities in them. */
  readonly vex?: readonly Vex[];
  /** Told of each that is not counted for it. */
  excepted?(message: string): void;
  /** The state root that advisories were imported into. Default: that of the store. */
  readonly state?: string;
}

/**
 * Images of the store; one that is named twice is audited once.
 * @throws SecureError REFERENCE_INVALID, IMAGE_NOT_FOUND, STORE_CORRUPT
 */
export async function auditImages(
  store: ImageStore,
  texts: readonly string[],
  { vex = [], excepted, state = store.paths.state }: ImageAuditOptions = {},
): Promise<Audited[]> {
  const { collectImage } = await import('./facts/image.ts');
  const { VulnerabilityDatabase } = await import('./vulnerabilities/database.ts');
  const { withoutExcepted } = await import('./vulnerabilities/vex.ts');
  const names: string[] = [];
  for (const text of texts) names.push((await store.resolve(text)).record.reference);
  const database = VulnerabilityDatabase.open(advisoriesOf(state));
  try {
    const audited: Audited[] = [];
    for (const name of new Set(names)) {
      const { vulnerabilities: found, ...rest } = await collectImage(store, name, database);
      const vulnerabilities = found === null ? null : withoutExcepted(found, rest, vex);
      for (const one of vulnerabilities?.excepted ?? []) excepted?.(`${name}: ${one}`);
      const all = results(CHECKS.image, { ...rest, vulnerabilities });
      audited.push({ target: 'image', name, uri: imageUri(name), results: all });
    }
    return audited;
  } finally {
    database?.close();
  }
}

/** One of them, by what it says. */
export const auditDockerfile = (path: string, facts: DockerfileFacts): Audited => ({
  target: 'dockerfile',
  name: path,
  uri: dockerfileUri(path),
  results: withoutIgnored(results(CHECKS.dockerfile, facts), facts),
});

export async function auditDockerfiles(paths: readonly string[]): Promise<Audited[]> {
  const { readDockerfile } = await import('./facts/dockerfile.ts');
  const audited: Audited[] = [];
  for (const path of new Set(paths)) {
    audited.push(auditDockerfile(path, await readDockerfile(path)));
  }
  return audited;
}

/** Problems where they are in a document. */
function located(results: readonly Result[], { file }: Subject): Result[] {
  const region = (pointer: string | undefined): { region?: Region } => {
    const at = pointer === undefined || file === undefined ? undefined : (file.at?.(pointer) ?? { column: 1, ...file });
    if (at === undefined) return {};
    const { line, column } = at;
    return { region: { startLine: line, startColumn: column, endLine: line, endColumn: column + 1 } };
  };
  return results.map((result) => {
    if (result.verdict.status !== 'fail') return result;
    const problems = result.verdict.problems.map((problem) => {
      const { pointer, ...location } = problem.location;
      return { ...problem, location: { ...location, logical: file?.path ?? location.logical, ...region(pointer) } };
    });
    return { ...result, verdict: { status: 'fail', problems } };
  });
}

/** Bytes of one file of compose or Kubernetes. */
export const FILE_LIMIT = 16 << 20;

/**
 * Everything in files of manifests that makes pods.
 * @throws SecureError AUDIT_UNREADABLE, MANIFEST_INVALID, LIMIT_EXCEEDED
 */
export async function auditManifests(paths: readonly string[]): Promise<Audited[]> {
  const { kubernetesSubjects } = await import('./facts/kubernetes.ts');
  return [...new Set(paths)].flatMap((path) =>
    [...kubernetesSubjects(readTextFile(path, FILE_LIMIT), path)].map((subject) => ({
      target: 'kubernetes',
      name: subject.name,
      uri: manifestUri(path),
      results: located(results(CHECKS.kubernetes, subject.facts), subject),
    })),
  );
}

/**
 * The services of compose files, with those that are included.
 * @throws SecureError AUDIT_UNREADABLE, MANIFEST_INVALID, LIMIT_EXCEEDED
 */
export async function auditCompose(paths: readonly string[]): Promise<Audited[]> {
  const { composeSubjects } = await import('./facts/compose.ts');
  const read = (path: string): string => readTextFile(path, FILE_LIMIT);
  return [...new Set(paths)].flatMap((path) =>
    [...composeSubjects(read(path), path, read)].map((subject) => ({
      target: 'compose',
      name: subject.name,
      uri: composeUri(subject.facts.file),
      results: located(results(CHECKS.compose, subject.facts), subject),
    })),
  );
}

/**
 * OCI bundles, or their config.json.
 * @throws SecureError AUDIT_UNREADABLE
 */
export async function auditBundles(paths: readonly string[]): Promise<Audited[]> {
  const { collectBundle } = await import('./facts/bundle.ts');
  return [...new Set(paths)].map((path) => {
    const file = path.endsWith('.json') ? path : join(path, 'config.json');
    const facts = collectBundle(parseJson(readTextFile(file, FILE_LIMIT), file), file);
    return { target: 'container', name: file, uri: bundleUri(file), results: results(CHECKS.container, facts) };
  });
}

/** A container by what the runtime says about it. */
export async function auditContainer(name: string, input: ContainerInput): Promise<Audited> {
  const { collectContainer } = await import('./facts/container.ts');
  const facts = collectContainer(input);
  return { target: 'container', name, uri: containerUri(name), results: results(CHECKS.container, facts) };
}

export function report(audited: readonly Audited[], now: Date = new Date()): Report {
  return { product: PRODUCT_VERSION, generated: now.toISOString(), audited };
}
