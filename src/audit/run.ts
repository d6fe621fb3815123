// SPDX-License-Identifier: Apache-2.0
// From something to audit to the results of every check of its target.
import { hostname } from 'node:os';
import { ExitCode, SecureError } from '../errors.ts';
import type { ImageStore } from '../runtime/images/store.ts';
import { PRODUCT_VERSION } from '../version.ts';
import { CHECKS } from './checks/index.ts';
import type { ContainerInput } from './facts/container.ts';
import type { Audited, Check, Report, Result } from './types.ts';
import { containerUri, dockerfileUri, imageUri } from './uri.ts';

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

/** This machine, or the tree below `root` as if it were one. */
export async function auditHost(root?: string): Promise<Audited> {
  const { collectHost } = await import('./facts/host.ts');
  const facts = await collectHost(root);
  return { target: 'host', name: root ?? hostname(), uri: 'host', results: results(CHECKS.host, facts) };
}

/**
 * Images of the store; one that is named twice is audited once.
 * @throws SecureError REFERENCE_INVALID, IMAGE_NOT_FOUND
 */
export async function auditImages(store: ImageStore, texts: readonly string[]): Promise<Audited[]> {
  const { collectImage } = await import('./facts/image.ts');
  const names: string[] = [];
  for (const text of texts) names.push((await store.resolve(text)).record.reference);
  const audited: Audited[] = [];
  for (const name of new Set(names)) {
    const facts = await collectImage(store, name);
    audited.push({ target: 'image', name, uri: imageUri(name), results: results(CHECKS.image, facts) });
  }
  return audited;
}

export async function auditDockerfiles(paths: readonly string[]): Promise<Audited[]> {
  const { readDockerfile } = await import('./facts/dockerfile.ts');
  const audited: Audited[] = [];
  for (const path of new Set(paths)) {
    const facts = await readDockerfile(path);
    audited.push({
      target: 'dockerfile',
      name: path,
      uri: dockerfileUri(path),
      results: results(CHECKS.dockerfile, facts),
    });
  }
  return audited;
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
