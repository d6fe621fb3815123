// SPDX-License-Identifier: Apache-2.0
import type { Vulnerabilities } from '../../vulnerabilities/match.ts';

export interface FileFact {
  /** Without a leading slash; bytes that are no text are shown as `\xNN`. */
  readonly path: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}
export interface SecretFile {
  readonly path: string;
  /** What it is: `a private key`. */
  readonly what: string;
  /** A later layer deletes or replaces it: containers do not see it, whoever pulls the image has it. */
  readonly hidden: boolean;
  /** Diff id of the layer that it is in. */
  readonly layer: string;
}
export interface Cache {
  /** Directory. */
  readonly path: string;
  readonly files: number;
  readonly bytes: number;
}
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  /** It needs no password: passwd, or shadow where passwd says so, has an empty one. */
  readonly open: boolean;
}

/** Of the merged layers, as a container sees them, but for secrets: those of each layer. */
export interface ImageFiles {
  readonly setid: readonly FileFact[];
  /** With capabilities of their own (capabilities(7)). */
  readonly capable: readonly FileFact[];
  /** Regular files that everybody may write, and directories without the sticky bit. */
  readonly writable: readonly (FileFact & { readonly directory: boolean })[];
  readonly secrets: readonly SecretFile[];
  readonly caches: readonly Cache[];
  /** Owners, and how many files they have, that /etc/passwd does not name. */
  readonly strangers: readonly { readonly uid: number; readonly files: number; readonly example: string }[];
}

export interface ImageAuditFacts {
  /** Full reference. */
  readonly reference: string;
  readonly digest: string;
  /** `unknown`: another engine has it, which does not tell what was built from what came in an archive. */
  readonly origin: 'built' | 'pulled' | 'imported' | 'unknown';
  /** RFC 3339, of the image; null when it does not say, or says the epoch. */
  readonly created: string | null;
  /** When the facts were collected. */
  readonly collected: string;
  readonly config: {
    readonly user: string;
    readonly env: readonly string[];
    readonly entrypoint: readonly string[];
    readonly cmd: readonly string[];
    readonly volumes: readonly string[];
    readonly exposedPorts: readonly string[];
    readonly labels: Readonly<Record<string, string>>;
    readonly healthcheck: boolean;
  };
  readonly history: readonly string[];
  /** Null: /etc/passwd cannot be read; empty: there is none. */
  readonly accounts: readonly Account[] | null;
  readonly files: ImageFiles;
  /** Why some files were not looked at, or null. What they are is then unknown. */
  readonly incomplete: string | null;
  /** Null: no advisories were imported, so that nothing can be said. */
  readonly vulnerabilities: Vulnerabilities | null;
}
