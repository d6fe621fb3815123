// SPDX-License-Identifier: Apache-2.0
// Policies of other tools from their files, and what they need beside them.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { SecureError } from '../errors.ts';
import { importDocker } from '../policies/import/docker/convert.ts';
import { importKyverno, type KyvernoContext } from '../policies/import/kyverno/convert.ts';
import { importPodman } from '../policies/import/podman/convert.ts';
import { policyText } from '../policies/import/text.ts';
import { fileIo, type Imported, type ImportNote } from '../policies/index.ts';
import { errnoOf } from './images/durable.ts';
import { lookasideBelow } from './images/signatures/gpg/lookaside.ts';
import { Inputs } from './inputs.ts';

export interface PodmanImport {
  readonly cwd: string;
  /** Directory for keys that the file holds itself. */
  readonly keys?: string | undefined;
  /** `sigstore`, or a path. */
  readonly trustedRoot?: string | undefined;
  /** A registries.d, whose addresses are written into the policy. */
  readonly registriesD?: string | undefined;
}

export interface ImportedPolicy {
  /** YAML. */
  readonly text: string;
  readonly policy: Readonly<Record<string, unknown>>;
  readonly notes: readonly ImportNote[];
  /** Paths of keys that were written. */
  readonly keys: readonly string[];
}

/** Never over what is there, unless it is the same: their names come from their content. */
function writeKeys(directory: string, keys: ReadonlyMap<string, Buffer>): string[] {
  const written: string[] = [];
  for (const [name, data] of keys) {
    const path = join(directory, name);
    try {
      mkdirSync(directory, { recursive: true, mode: 0o755 });
      writeFileSync(path, data, { flag: 'wx', mode: 0o644 });
    } catch (cause) {
      const there = errnoOf(cause) === 'EEXIST' ? new Inputs().read(path, data.length) : undefined;
      if (there?.data.equals(data) !== true)
        throw new SecureError('OUTPUT_REFUSED', `${path} cannot be written: ${errnoOf(cause)}`, { cause });
    }
    written.push(path);
  }
  return written;
}

async function written(
  imported: Imported,
  path: string,
  cwd: string,
  directory: string | undefined,
): Promise<ImportedPolicy> {
  const text = await policyText(imported, path);
  const keys = directory === undefined ? [] : writeKeys(resolve(cwd, directory), imported.keys);
  return { text, policy: imported.policy, notes: imported.notes, keys };
}

/**
 * verifyImages of Kyverno's policies as a policy of ours.
 * @throws SecureError POLICY_UNREADABLE, POLICY_SYNTAX, POLICY_INVALID, OUTPUT_REFUSED
 */
export async function importKyvernoPolicy(path: string, context: KyvernoContext): Promise<ImportedPolicy> {
  const { text } = fileIo([], context.cwd).read(resolve(context.cwd, path));
  return written(importKyverno(text, path, context), path, context.cwd, context.keys);
}

/**
 * daemon.json of docker as a policy of ours.
 * @throws SecureError POLICY_UNREADABLE, POLICY_SYNTAX
 */
export async function importDockerConfig(path: string, cwd: string): Promise<ImportedPolicy> {
  const io = fileIo([], cwd);
  return written(await importDocker(io.read(resolve(cwd, path)).text, path, io), path, cwd, undefined);
}

/**
 * policy.json of podman, skopeo and CRI-O as a policy of ours.
 * @throws SecureError POLICY_UNREADABLE, POLICY_SYNTAX, POLICY_INVALID, CONFIG_INVALID, OUTPUT_REFUSED
 */
export async function importPodmanPolicy(path: string, options: PodmanImport): Promise<ImportedPolicy> {
  const { cwd, registriesD } = options;
  const { text } = fileIo([], cwd).read(resolve(cwd, path));
  const lookaside = registriesD === undefined ? () => ({}) : await lookasideBelow(registriesD);
  const imported = importPodman(text, path, { cwd, keys: options.keys, trustedRoot: options.trustedRoot, lookaside });
  return written(imported, path, cwd, options.keys);
}
