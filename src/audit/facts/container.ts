// SPDX-License-Identifier: Apache-2.0
// Facts about one container: what its plan says, and what the kernel says about the live process. Pure: who audits has read both.
import { type PlanFacts, parsePlan } from './container/plan.ts';
import { type Proof, parseProof } from './container/proof.ts';

export type { PlanFacts, Proof };

export interface ContainerInput {
  /** As `secure-runtime container state` prints it. */
  readonly state: { readonly id: string; readonly name: string; readonly status: string };
  /** config.json of the bundle, parsed; undefined when it cannot be read. */
  readonly plan: unknown;
  /** As `secure-runtime container enforced` prints it; undefined when the container does not run or could not be asked. */
  readonly enforced?: unknown;
}
export interface ContainerFacts {
  readonly id: string;
  readonly name: string;
  /** Is there a live process, so that only the kernel's word counts? */
  readonly running: boolean;
  readonly plan: PlanFacts | null;
  /** By control; null when the kernel was not asked. */
  readonly proof: Proof | null;
  /**
   * Whose it is. Of ours the kernel has to say that a control is in force. What another engine says of its own is believed where the kernel was
   * not asked: it is what its runtime got.
   */
  readonly engine: 'secure' | 'docker' | 'podman' | 'containerd' | 'crio';
  /** By control: why it cannot be known. */
  readonly gaps: Readonly<Record<string, string>>;
  /** What other engines do for a container beside what its runtime is told; null: it is ours. */
  readonly managed: ManagedFacts | null;
}

export interface ManagedFacts {
  readonly privileged: boolean;
  /** `no`, `always`, `unless-stopped`, `on-failure`. */
  readonly restart: string;
  /** Of `on-failure`: how often; 0: without end. */
  readonly restartCount: number;
  readonly healthcheck: boolean;
  /** Id of the image that the name of its own means now; null: nothing has that name any more, or it was started by id. */
  readonly imageNow: string | null;
  /** Names of all its programs that run; null: they cannot be seen from here. */
  readonly programs: readonly string[] | null;
  /** Empty: that of the engine. */
  readonly cgroupParent: string;
  /** Ports that its image says that it serves: `80/tcp`; null: the engine has the image no more. */
  readonly exposedPorts: readonly string[] | null;
  /** Null: as much as everybody. */
  readonly cpuShares: number | null;
  /** Commands that somebody runs in it now. */
  readonly sessions: readonly {
    readonly command: string;
    /** Empty: that of the container. */
    readonly user: string;
    readonly privileged: boolean;
  }[];
}

export function collectContainer({ state, plan, enforced }: ContainerInput): ContainerFacts {
  return {
    id: state.id,
    name: state.name === '' ? state.id.slice(0, 12) : state.name,
    running: state.status === 'running' || state.status === 'stopping',
    plan: parsePlan(plan, state.id),
    proof: parseProof(enforced),
    engine: 'secure',
    gaps: {},
    managed: null,
  };
}

export { exampleFacts } from './container/example.ts';
