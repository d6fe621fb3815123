// SPDX-License-Identifier: Apache-2.0
import type { EffectivePolicy } from '../../policies/index.ts';
import type { Compression } from '../images/layer/pack.ts';
import type { Platform } from '../images/oci/platform.ts';
import type { NetworkSettings } from '../plan/types.ts';
import type { PullMode } from '../resolve.ts';

/** Where a secret comes from: never the text itself, so that it is in no argv. */
export interface SecretSource {
  readonly id: string;
  readonly file?: string;
  /** A variable of the caller. */
  readonly env?: string;
}

export interface BuildRequest {
  /** Directory, absolute; undefined: there is none. */
  readonly context: string | undefined;
  /** The text of the build file, and its name for messages. */
  readonly file: { readonly text: string; readonly name: string };
  /** What is beside the build file or in the context. */
  readonly ignore: { readonly text: string; readonly name: string } | undefined;
  /** Names to give it; short ones are below `localhost/`. */
  readonly tags: readonly string[];
  readonly args: ReadonlyMap<string, string>;
  readonly labels: ReadonlyMap<string, string>;
  /** Alias or number of the stage to build; undefined: the last one. */
  readonly target: string | undefined;
  readonly secrets: readonly SecretSource[];
  /** Sockets of agents, by id. */
  readonly ssh: ReadonlyMap<string, string>;
  readonly cache: boolean;
  readonly network: 'none' | 'default' | undefined;
  readonly policy: EffectivePolicy;
  readonly networkSettings: NetworkSettings;
  readonly pull: PullMode;
  readonly platform: Platform;
  /** Accept base images whose origin the policy would refuse. */
  readonly trust: boolean;
  /** Seconds since 1970: the time of everything (SOURCE_DATE_EPOCH). */
  readonly epoch: number | undefined;
  /** Stages and downloads at the same time. */
  readonly parallel: number;
  /** Of new layers. */
  readonly compression: Compression;
}

export type BuildEvent =
  | {
      readonly type: 'step';
      readonly stage: string;
      readonly number: number;
      readonly of: number;
      readonly text: string;
      readonly cached: boolean;
    }
  | { readonly type: 'output'; readonly stage: string; readonly line: string }
  | { readonly type: 'warning'; readonly text: string };
