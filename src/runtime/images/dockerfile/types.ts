// SPDX-License-Identifier: Apache-2.0
// A Dockerfile as its builder reads it.
import type { Region } from '../../../region.ts';
import type { Command } from './commands.ts';

export interface Word {
  /** Without quotes and escapes, variables as they are written. */
  readonly value: string;
  readonly raw: string;
  readonly region: Region;
}

export interface Flag {
  /** Without the dashes: `from`, `mount`. */
  readonly name: string;
  readonly value: string;
  readonly region: Region;
}

/** `NAME=value` of ENV, ARG and LABEL. */
export interface Setting {
  readonly name: string;
  /** Undefined for an ARG without a default. */
  readonly value: string | undefined;
  /** As written, with quotes and variables. */
  readonly raw: string | undefined;
  /** The value with known variables replaced; undefined when one is not known before the build. */
  readonly expanded: string | undefined;
  readonly region: Region;
}

export interface Instruction {
  /** In capitals. Of `ONBUILD RUN ...` it is RUN. */
  readonly keyword: string;
  /** Runs in the build of an image made from this one. */
  readonly onbuild: boolean;
  readonly region: Region;
  /** In one line, blanks normalised: what stays the same when lines move. */
  readonly text: string;
  /** In one line, as written; without ONBUILD. */
  readonly source: string;
  readonly flags: readonly Flag[];
  /** A JSON array of strings. */
  readonly json: boolean;
  readonly words: readonly Word[];
  /** Words with known variables replaced; undefined where one is not known before the build. */
  readonly expanded: readonly (string | undefined)[];
  readonly settings: readonly Setting[];
  /** Here-documents of COPY and ADD are files, of RUN scripts or input. */
  readonly heredocs: readonly { readonly name: string; readonly content: string; readonly expand: boolean }[];
  /** What the shell runs, wherever it stands: pipelines, groups, substitutions and `sh -c` are walked. Of RUN, CMD, ENTRYPOINT, HEALTHCHECK. */
  readonly commands: readonly Command[];
}

export type Base =
  | { readonly kind: 'scratch' }
  | { readonly kind: 'stage'; readonly stage: number }
  | { readonly kind: 'image'; readonly reference: string }
  /** A variable in it is not known before the build. */
  | { readonly kind: 'unknown' };

export interface Stage {
  readonly index: number;
  readonly alias: string | undefined;
  readonly base: Base;
  /** As written, and where. */
  readonly from: Word;
  /** Its FROM first. */
  readonly instructions: readonly Instruction[];
  /** Stages that files are copied or mounted from. */
  readonly uses: readonly number[];
}

export interface DockerfileFacts {
  readonly name: string;
  /** Backslash, unless the file says otherwise. */
  readonly escaper: string;
  /** ARG before the first FROM. */
  readonly globals: readonly Instruction[];
  readonly stages: readonly Stage[];
  /** The stages whose content is the image: the last one and those it stands on, lowest first. */
  readonly final: readonly Stage[];
}
