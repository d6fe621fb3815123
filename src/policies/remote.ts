// SPDX-License-Identifier: Apache-2.0
// Policies of a registry: oci://REGISTRY/REPOSITORY@sha256:… . The text is all that there is of one: it names no other files.
import { isAbsolute } from 'node:path';
import type { Problem } from './problems.ts';
import type { PolicyFile, SignatureRule } from './types.ts';

export const REMOTE = 'oci://';
/** Of the manifest and of its one layer, which is the text of the policy. */
export const POLICY_MEDIA_TYPE = 'application/vnd.secure.policy.v1+yaml';

export const isRemote = (name: string): boolean => name.startsWith(REMOTE);

export interface RemoteName {
  /** Without the scheme. */
  readonly text: string;
  /** Without tag and digest. */
  readonly repository: string;
  readonly digest?: string;
}

export function parseRemote(name: string): RemoteName {
  const text = name.slice(REMOTE.length);
  const [named = '', digest] = text.split('@', 2);
  const colon = named.indexOf(':', named.lastIndexOf('/') + 1);
  const repository = colon < 0 ? named : named.slice(0, colon);
  return { text, repository, ...(digest !== undefined && /^sha256:[0-9a-f]{64}$/.test(digest) ? { digest } : {}) };
}

const paths = ({ keys, keyless, notary, gpg }: SignatureRule): string[] => {
  const root = keyless?.trustedRoot;
  return [
    ...keys,
    ...(root === undefined ? [] : 'file' in root ? [root.file] : root.pin === undefined ? [] : [root.pin]),
    ...(gpg?.keys ?? []),
    ...(notary === undefined
      ? []
      : [notary.roots, notary.authorityRoots, notary.timestampRoots, notary.revocations].flat()),
  ];
};

/** What a policy says that means nothing where it has no files beside it. */
export function remoteProblems(file: PolicyFile): Problem[] {
  const problem = (message: string, by: { line: number; column: number }): Problem => ({
    code: 'POLICY_INVALID',
    message,
    hint: 'a policy of a registry is one text: extend built-in policies and others of a registry, and give keys by absolute paths',
    file: file.policy,
    line: by.line,
    column: by.column,
  });
  const files = file.extends.filter(({ value }) => !isRemote(value) && (value.includes('/') || /\.ya?ml$/.test(value)));
  const rules = [...file.images, ...(file.remote === undefined ? [] : [file.remote])];
  const relative = rules.flatMap((rule) =>
    paths(rule)
      .filter((path) => !isAbsolute(path))
      .map((path) => ({ path, by: rule.by })),
  );
  return [
    ...files.map(({ value, by }) => problem(`it extends the file ${value}, which is not in the registry`, by)),
    ...relative.map(({ path, by }) => problem(`it names the file ${path}, which is not in the registry`, by)),
  ];
}
