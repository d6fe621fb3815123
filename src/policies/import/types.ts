// SPDX-License-Identifier: Apache-2.0
// Policies of other tools, written as ours.

/** What became of a part of the file that is nothing one to one. */
export interface ImportNote {
  /** `lost`: what is written instead is stricter, or nothing is; `note`: the same, but worth knowing. */
  readonly kind: 'lost' | 'note';
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** Which part, as a path of keys. */
  readonly part: string;
  readonly message: string;
}

export interface Imported {
  /** A policy file as a value, for YAML. */
  readonly policy: Readonly<Record<string, unknown>>;
  readonly notes: readonly ImportNote[];
  /** Keys that the file holds itself: name of the file that the policy names, and its content. */
  readonly keys: ReadonlyMap<string, Buffer>;
}

/** A policy of a tool's name, on top of `default`, of which only what is said is written. */
export function importedPolicy(
  name: string,
  { run = {}, images = [] }: { readonly run?: object; readonly images?: readonly unknown[] },
): Imported['policy'] {
  return {
    apiVersion: 'secure/v1',
    kind: 'Policy',
    metadata: { name },
    extends: 'default',
    ...(Object.keys(run).length === 0 ? {} : { run }),
    ...(images.length === 0 ? {} : { images }),
  };
}
