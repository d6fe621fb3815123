// SPDX-License-Identifier: Apache-2.0
// What is known of an engine. Null is what could not be asked; `problems` says why.
import type { EngineName } from '../engine.ts';

/** Parts that are asked for one by one. */
export type EnginePart = 'info' | 'containers' | 'images' | 'networks' | 'swarm' | 'config';

export type Limit = 'memory' | 'pids' | 'cpu';

export interface EngineInfo {
  readonly version: string;
  /** The daemon runs as a user without privileges. */
  readonly rootless: boolean;
  /** Root in its containers is not root outside, unless one is started otherwise. */
  readonly userNamespaces: boolean;
  /** `builtin`, `default`, `unconfined`, a path; empty: the kernel has none. */
  readonly seccomp: string;
  readonly appArmor: boolean;
  readonly seLinux: boolean;
  readonly storageDriver: string;
  readonly loggingDriver: string;
  /** Where it keeps everything. */
  readonly root: string;
  readonly authorization: readonly string[];
  readonly insecureRegistries: readonly string[];
  /** What it limits where a container says so. A daemon without control groups of its own takes such limits, and does nothing. */
  readonly limits: readonly Limit[];
}
export interface ListedContainer {
  readonly id: string;
  readonly name: string;
  readonly running: boolean;
  /** Id of the image that it was made from, as `sha256:...`. */
  readonly image: string;
}
export interface ListedImage {
  readonly id: string;
  /** NAME:TAG; none: nothing names it. */
  readonly tags: readonly string[];
}
export interface ListedNetwork {
  readonly name: string;
  readonly driver: string;
  readonly encrypted: boolean;
  /** Containers on it reach each other; null: the driver has no such choice. */
  readonly interContainer: boolean | null;
  /** docker's own, that nobody chose: `bridge`, `ingress`. */
  readonly builtin: boolean;
}
export interface SwarmService {
  readonly name: string;
  /** Names of environment variables that hold a secret, and why. */
  readonly exposed: readonly { readonly name: string; readonly why: string }[];
  /** Secrets that swarm gives it. */
  readonly secrets: number;
}
export interface SwarmFacts {
  /** It takes part in a swarm. */
  readonly active: boolean;
  /** Null: this node is a worker, and only managers know the rest. */
  readonly manager: {
    /** Managers of the swarm, this one included. */
    readonly managers: number;
    readonly nodes: number;
    readonly autoLock: boolean;
    /** How long certificates of nodes are good for, in hours. */
    readonly certificateHours: number;
    /** RFC 3339; null: the swarm does not show the certificate of its authority. */
    readonly authoritySince: string | null;
    readonly services: readonly SwarmService[];
  } | null;
  /** Addresses of this node, from the state of the daemon; null: its files cannot be read here. */
  readonly addresses: {
    /** Of the API of managers: `10.0.0.5:2377`. */
    readonly listen: string;
    readonly advertise: string;
    /** Of the traffic between containers; empty: that of the API. */
    readonly data: string;
  } | null;
}

/** Whose engine it is, where that is not root. */
export interface EngineUser {
  readonly name: string;
  readonly uid: number;
}

export interface EngineFacts {
  readonly engine: EngineName;
  /** He can make it say what he likes, so it is believed about itself alone; null: root's. */
  readonly user: EngineUser | null;
  /** What it says of itself and cannot be so, by what this machine says. */
  readonly contradictions: readonly string[];
  /** Null: of its configuration alone. */
  readonly socket: string | null;
  /** When it was asked, RFC 3339. */
  readonly collected: string;
  readonly problems: Readonly<Partial<Record<EnginePart, string>>>;
  readonly info: EngineInfo | null;
  readonly containers: readonly ListedContainer[] | null;
  readonly images: readonly ListedImage[] | null;
  readonly networks: readonly ListedNetwork[] | null;
  readonly swarm: SwarmFacts | null;
}
