// SPDX-License-Identifier: Apache-2.0
// Is a version one of those that an advisory is about? (osv-schema, "Evaluation")
import type { Affected, Event } from './advisory.ts';
import { compareVersions, type Kind } from './versions/index.ts';

export interface Hit {
  readonly affected: boolean;
  /** The first version after it that is not; undefined: none is known. */
  readonly fixed?: string;
}

/** `0` is before every version, a pre-release of 0 too. */
function compare(kind: Kind, version: string, event: string): number | undefined {
  return event === '0' ? 1 : compareVersions(kind, version, event);
}

/** Undefined: a version cannot be compared. */
function inRange(kind: Kind, version: string, events: readonly Event[]): Hit | undefined {
  let affected = false;
  let reached: string | undefined;
  let fixed: string | undefined;
  for (const [what, at] of events) {
    const relation = compare(kind, version, at);
    if (relation === undefined) return undefined;
    if (what === 'fixed' && relation < 0) fixed = earlier(kind, fixed, at);
    const passed = what === 'last_affected' ? relation > 0 : relation >= 0;
    if (!passed) continue;
    // Events may stand in any order; the latest that is passed decides.
    const later = reached === undefined ? 1 : at === '0' ? -1 : (compare(kind, at, reached) ?? 0);
    if (later < 0) continue;
    reached = at;
    affected = what === 'introduced';
  }
  return { affected, ...(affected && fixed !== undefined ? { fixed } : {}) };
}

function earlier(kind: Kind, known: string | undefined, other: string): string {
  return known !== undefined && (compare(kind, known, other) ?? 0) <= 0 ? known : other;
}

/** Undefined: that cannot be said, since a version is none of its kind. */
export function affects(kind: Kind, version: string, { ranges, versions }: Affected): Hit | undefined {
  const hits = ranges.map((events) => inRange(kind, version, events));
  const fixed = hits.find((hit) => hit?.fixed !== undefined)?.fixed;
  const hit = hits.some((one) => one?.affected === true) || versions.includes(version);
  if (hit) return { affected: true, ...(fixed === undefined ? {} : { fixed }) };
  return hits.includes(undefined) ? undefined : { affected: false };
}
