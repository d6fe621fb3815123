// SPDX-License-Identifier: Apache-2.0
// The end of Node: the plan is written down and this process becomes secure-runtime, so nothing of ours is left in the
// process tree of a container.
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { SecureError } from '../errors.ts';
import { runtimeBinary } from './binary.ts';
import { becomeProgram } from './execute.ts';
import { writeAtomic } from './images/durable.ts';
import type { StoreRoots } from './images/roots.ts';

/** Without rights of its own, a run would fail half way with a bare EPERM. @throws SecureError NOT_ROOT */
export function requireRoot(euid: number): void {
  if (euid === 0) return;
  throw new SecureError('NOT_ROOT', `containers and steps of a build are run by root so far; this is user ${euid}`, {
    hint: "use sudo; without root, 'secure image' pulls, keeps, verifies and sends images",
  });
}

/** What makes two command lines the same one. */
export interface PlanKey {
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly euid: number;
  readonly product: string;
}

/** Lengths go in before values, so that no two different keys give the same bytes. */
export function planKey(key: PlanKey): string {
  const hash = createHash('sha256');
  for (const part of [key.product, String(key.euid), key.cwd, ...key.argv])
    hash.update(`${Buffer.byteLength(part)}:`).update(part);
  return hash.digest('hex');
}

/** Write the text of a plan (0600) where secure-runtime reads it. Returns its path. @throws SecureError NO_SPACE */
export async function storePlan(plan: string, key: string, roots: StoreRoots): Promise<string> {
  const directory = join(roots.state, 'plans');
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, `${key}.json`);
  await writeAtomic(path, `${plan}\n`);
  return path;
}

/**
 * Become `secure-runtime ARGS`. The environment holds the two roots and nothing else: a container's variables are in its plan.
 * Returns only by throwing.
 * @throws SecureError RUNTIME_MISSING, RUNTIME_FAILED
 */
export function becomeRuntime(args: readonly string[], roots: StoreRoots): never {
  becomeProgram(runtimeBinary(), ['secure-runtime', ...args], {
    SECURE_STATE_ROOT: roots.state,
    SECURE_RUN_ROOT: roots.run,
  });
}
