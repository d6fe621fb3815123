// SPDX-License-Identifier: Apache-2.0
// From a name in `extends` to the text of a policy.
import { dirname, resolve } from 'node:path';
import { SecureError } from '../errors.ts';
import { builtinId } from './builtin.ts';
import type { PolicyIo } from './io.ts';
import { parsedBuiltin } from './parsed.ts';
import { PolicyProblems } from './problems.ts';
import { isRemote, parseRemote, REMOTE, remoteProblems } from './remote.ts';
import type { PolicyFile, SignatureRule, TrustedRootSource } from './types.ts';

export const isPath = (name: string): boolean => name.includes('/') || /\.ya?ml$/.test(name);

export interface Opened {
  readonly id: string;
  /** The same for two names of one file. */
  readonly identity: string;
  /** What relative paths in it start from; undefined: it has none, as it is of a registry or built in. */
  readonly directory: string | undefined;
  parse(): Promise<PolicyFile>;
}

export function openBuiltin(name: string): Opened {
  const id = builtinId(name);
  return { id, identity: id, directory: undefined, parse: () => parsedBuiltin(name) };
}

/** `id` is how the file is named in messages, `path` is absolute. */
export function openFile(io: PolicyIo, id: string, path: string): Opened {
  const { text, identity } = io.read(path);
  // Loaded when there is a file: a run with a built-in policy needs neither the YAML parser nor the schema.
  return { id, identity, directory: dirname(path), parse: () => parsed(text, id) };
}

const parsed = async (text: string, id: string): Promise<PolicyFile> =>
  (await import('./file.ts')).readPolicy(text, id);

/** A policy of a registry, by its digest. */
async function openRemote(io: PolicyIo, name: string, required: readonly SignatureRule[]): Promise<Opened> {
  const reference = parseRemote(name);
  if (reference.digest === undefined) {
    const digest = await io.digestOf?.(reference.text).catch(() => undefined);
    throw new SecureError('POLICY_INVALID', `${name} names no digest: what a tag means changes`, {
      hint:
        digest === undefined
          ? 'name it: oci://REGISTRY/REPOSITORY@sha256:…'
          : `now it is ${REMOTE}${reference.repository}@${digest}`,
    });
  }
  if (io.remote === undefined)
    throw new SecureError('POLICY_UNREADABLE', `${name}: no registry is asked for policies here`);
  const id = `${REMOTE}${reference.repository}@${reference.digest}`;
  const { text, identity } = await io.remote(`${reference.repository}@${reference.digest}`, required);
  const parse = async (): Promise<PolicyFile> => {
    const file = await parsed(text, id);
    const problems = remoteProblems(file);
    if (problems.length > 0) throw new PolicyProblems(problems, file.lines);
    return file;
  };
  return { id, identity, directory: undefined, parse };
}

/**
 * Whatever `extends` names. @param from what relative paths start from
 * @throws SecureError POLICY_UNREADABLE, POLICY_INVALID, and those of `PolicyIo.remote`
 */
export async function openNamed(
  io: PolicyIo,
  name: string,
  from: string | undefined,
  required: readonly SignatureRule[],
): Promise<Opened> {
  if (isRemote(name)) return openRemote(io, name, required);
  if (!isPath(name)) return openBuiltin(name);
  const path = resolve(from ?? '/', name);
  return openFile(io, path, path);
}

/** Paths of keys start from the file that names them. */
export function inDirectory(file: PolicyFile, directory: string | undefined): PolicyFile {
  const at = (path: string) => resolve(directory ?? '/', path);
  const rootAt = (root: TrustedRootSource): TrustedRootSource => {
    if ('file' in root) return { file: at(root.file) };
    return root.pin === undefined ? root : { ...root, pin: at(root.pin) };
  };
  const placed = ({ keys, keyless, notary, gpg, ...rule }: SignatureRule): SignatureRule => ({
    ...rule,
    keys: keys.map(at),
    ...(keyless === undefined ? {} : { keyless: { ...keyless, trustedRoot: rootAt(keyless.trustedRoot) } }),
    ...(gpg === undefined ? {} : { gpg: { ...gpg, keys: gpg.keys.map(at) } }),
    ...(notary === undefined
      ? {}
      : {
          notary: {
            ...notary,
            roots: notary.roots.map(at),
            authorityRoots: notary.authorityRoots.map(at),
            timestampRoots: notary.timestampRoots.map(at),
            revocations: notary.revocations.map(at),
          },
        }),
  });
  return {
    ...file,
    images: file.images.map(placed),
    tests: file.tests.map((test) => ('file' in test.input ? { ...test, input: { file: at(test.input.file) } } : test)),
    ...(file.remote === undefined ? {} : { remote: placed(file.remote) }),
  };
}
