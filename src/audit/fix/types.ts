// SPDX-License-Identifier: Apache-2.0
// Repairs. A check says which edits make a problem of its own go away; what becomes of files by them, and writing them, is in one place.
import type { FileFact } from '../facts/host/tree.ts';
import type { Problem, Target } from '../types.ts';

/** A setting of the kernel, in a file of sysctl.d and in the kernel that runs. */
export interface SysctlEdit {
  readonly kind: 'sysctl';
  /** `net.ipv4.conf.all.accept_redirects` */
  readonly name: string;
  readonly value: string;
}
/** A member of daemon.json. */
export interface DockerEdit {
  readonly kind: 'docker';
  /** `['log-opts', 'max-size']`: names from the outermost object. */
  readonly at: readonly [string, ...string[]];
  /** Undefined: it is removed. */
  readonly value: unknown;
}
/** Owner and permissions of something that is there. Permissions are only ever taken away. */
export interface AccessEdit {
  readonly kind: 'access';
  /** Absolute. */
  readonly path: string;
  readonly uid?: number;
  readonly gid?: number;
  /** Bits of the mode that have to go. */
  readonly without?: number;
}
/** A path that the audit system watches: audit.rules(7). */
export interface WatchEdit {
  readonly kind: 'watch';
  readonly path: string;
  /** `wa`: writes and changes of attributes; `x`: it is run. */
  readonly permissions: string;
}
/** A module of the kernel that modprobe does not load any more: modprobe.d(5). */
export interface ModuleEdit {
  readonly kind: 'module';
  readonly name: string;
}
/** A part of the text that the facts are about, by offsets in UTF-16 units as strings have them. */
export interface TextEdit {
  readonly kind: 'text';
  readonly start: number;
  readonly end: number;
  readonly text: string;
}
/** A value in a YAML document, at a JSON pointer into it; mappings on the way are made. A list is added to. */
export interface YamlEdit {
  readonly kind: 'yaml';
  /** Any line of the document, from 1: a file may have several. */
  readonly line: number;
  readonly at: string;
  readonly value: string | boolean | readonly string[];
  /** Of a list: one of these items is replaced. */
  readonly instead?: readonly string[];
}

export type Edit = (SysctlEdit | DockerEdit | AccessEdit | WatchEdit | ModuleEdit | TextEdit | YamlEdit) & {
  /** What can stop working by this one, where the rest of the repair is safe. */
  readonly risk?: string;
};

/** Called before so many characters are read once more. @throws SecureError FIX_REFUSED: there were too many */
export type Spend = (characters: number) => void;

/** Of a check: how its problems are repaired. */
export interface Fix<F> {
  /** What is written, for the page of the check. */
  readonly does: string;
  /** What can stop working by it without saying why; undefined: nothing. It is done only when somebody asks for that, too. */
  readonly risk?: string;
  /**
   * What makes this problem go away; nothing: that takes a person. Pure.
   * @param text of the file that the facts are about; '' where they are about a host
   */
  edits(facts: F, problem: Problem, text: string): readonly Edit[];
}

/** One problem that a plan repairs. */
export interface Repair {
  readonly target: Target;
  /** Of what was audited. */
  readonly uri: string;
  readonly id: string;
  readonly key: string;
  readonly message: string;
}
/** One that it leaves, though its check has a repair. */
export interface Left {
  readonly id: string;
  readonly message: string;
  readonly why: string;
  /** `--fix-all` would do it. */
  readonly risky: boolean;
}

/** A file that gets another content, or is made. */
export interface FileChange {
  /** Absolute, below the root of the plan. */
  readonly path: string;
  readonly before: string | null;
  readonly after: string;
}
export interface AccessChange {
  readonly path: string;
  readonly before: FileFact;
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}
export interface SettingChange {
  readonly name: string;
  readonly before: string;
  readonly value: string;
}

/** Everything that `--fix` would do. */
export interface Plan {
  /** Nothing outside is touched: absolute. */
  readonly root: string;
  /** It is about a machine: nothing is changed below a directory in which others than its root could put something else. */
  readonly machine: boolean;
  readonly files: readonly FileChange[];
  readonly access: readonly AccessChange[];
  /** Of the kernel that runs. */
  readonly settings: readonly SettingChange[];
  /** Commands that a person has to run afterwards, each with its reason. */
  readonly next: readonly { readonly command: string; readonly why: string }[];
  readonly repairs: readonly Repair[];
  readonly left: readonly Left[];
}

export interface FixOptions {
  /** Repairs with a risk, too. */
  readonly all: boolean;
  /** Ids of checks; undefined: every one. */
  readonly only: ReadonlySet<string> | undefined;
}

export const isEmpty = ({ files, access, settings }: Plan): boolean =>
  files.length + access.length + settings.length === 0;
