// SPDX-License-Identifier: Apache-2.0
// What an audit is made of. Collectors read and produce facts; checks are pure data and a pure function over facts; reports render.

import type { Region } from '../region.ts';
import type { Fix, Repair } from './fix/types.ts';

export type { Region } from '../region.ts';

export type Severity = 'critical' | 'high' | 'medium' | 'low';
export const SEVERITIES: readonly Severity[] = ['critical', 'high', 'medium', 'low'];
/** In the order in which reports show them. */
export const TARGETS = [
  'host',
  'engine',
  'image',
  'container',
  'dockerfile',
  'compose',
  'kubernetes',
  'probe',
] as const;
export type Target = (typeof TARGETS)[number];

/** Where a problem is. What the file on disk or the object is called is `logical`; SARIF needs a relative URI beside it. */
export interface Location {
  /** True identity, for people: `/etc/docker/daemon.json`, `net.ipv4.ip_forward`, `localhost/nginx:latest`, `web`. */
  readonly logical: string;
  /** Path below the target's root, without a leading slash: `etc/docker/daemon.json`, `usr/bin/su`. Reports put the target before it. */
  readonly path?: string;
  readonly region?: Region;
  /** JSON pointer into the document that was audited; its region is found before anything is reported. */
  readonly pointer?: string;
}

/** The key of a problem that stands for several, whatever theirs were: where many reports are one, and there are too many. */
export const ANY_KEY = '*';

/** Who has taken a problem on, why, and the last day that it holds. */
export interface Waiver {
  readonly owner: string;
  readonly reason: string;
  /** `2027-01-31`, UTC. */
  readonly expires: string;
}

/** One thing that is wrong. */
export interface Problem {
  /** One sentence, with the value that was found. */
  readonly message: string;
  readonly location: Location;
  /**
   * What tells this problem from others of the same check on the same target, and stays the same when lines move: a user name, a path,
   * the normalised text of an instruction. Never a line number.
   */
  readonly key: string;
  /** It is told, and counts neither for the score nor for the exit code. */
  readonly waiver?: Waiver;
  /** The baseline had it: it counts for the score and not for the exit code. */
  readonly known?: true;
}

export type Verdict =
  | { readonly status: 'pass' }
  | {
      readonly status: 'fail';
      readonly problems: readonly Problem[];
      /** Keys of what could not be looked at, so that nothing is known of it beside what failed. */
      readonly unseen?: readonly string[];
    }
  | { readonly status: 'not-applicable'; readonly why: string }
  /** It could not be found out here; never counted as passed. */
  | { readonly status: 'unknown'; readonly why: string };

/** One fact flips the verdict: `bad` differs from `good` in exactly one place. The type is what the target's examples are written in. */
export interface Example<S> {
  readonly good: S;
  readonly bad: S;
}

/** One file, one check: `src/audit/checks/TARGET/NAME.ts`, default export. */
export interface Check<F, S = F> {
  /** `SEC-HOST-0001`, `SEC-IMAGE-0001`, `SEC-DOCKERFILE-0001`, `SEC-CONTAINER-0001`. For ever. */
  readonly id: string;
  /** What has to hold, as a sentence: `The root file system is read-only`. */
  readonly title: string;
  readonly severity: Severity;
  readonly target: Target;
  /** `CIS-Docker-1.6:5.13`, `PSS-Restricted:capabilities`, `NIST-800-190:4.4.4`. */
  readonly frameworks: readonly string[];
  /** Why it matters: which attack or failure. */
  readonly rationale: string;
  /** What to do, concrete enough to type. */
  readonly remediation: string;
  /** Absolute URLs of specifications, CVEs or manuals. */
  readonly references: readonly string[];
  readonly examples: readonly Example<S>[];
  check(facts: F): Verdict;
  /** How `--fix` repairs what it finds, where that can be done without a person. */
  readonly fix?: Fix<F>;
}

/** A check of any target: what it is given comes from the collector of its target. */
export type AnyCheck = Check<never, unknown>;

export interface Result {
  readonly check: AnyCheck;
  readonly verdict: Verdict;
  /** Its failure is told, and does not count. */
  readonly advisory?: true;
}

/** One audited thing. */
export interface Audited {
  readonly target: Target;
  /** What the user knows it by: a host name or root directory, an image reference, a path, a container name. */
  readonly name: string;
  /** Relative URI that stands for it in SARIF, percent-encoded: `host`, `image/localhost/nginx/latest`, `Dockerfile`, `container/web`. */
  readonly uri: string;
  readonly results: readonly Result[];
}

/** One of many reports. */
export interface Member {
  /** The host's, else of the file. */
  readonly name: string;
  readonly file: string;
  readonly generated: string;
  readonly product: string;
  readonly score: number | null;
}

export interface Report {
  readonly product: string;
  /** RFC 3339. */
  readonly generated: string;
  readonly audited: readonly Audited[];
  /** It is made of many: worst first, and what could not be read. */
  readonly fleet?: {
    readonly members: readonly Member[];
    readonly unreadable: readonly { readonly file: string; readonly message: string }[];
  };
  /** What `--fix` has repaired, and is not found any more. */
  readonly fixed?: readonly Repair[];
  /** What there is to say about waivers and merged reports, a line each. */
  readonly notes?: readonly string[];
  /** Scores of earlier audits of the same things, oldest first. */
  readonly history?: readonly { readonly generated: string; readonly score: number | null }[];
}
