// SPDX-License-Identifier: Apache-2.0
import type { ImageAuditFacts } from '../../../facts/image.ts';
import type { Problem, Verdict } from '../../../types.ts';
import { fails, notApplicable, PASS, unknown } from '../../../verdicts.ts';
import type { Vulnerability } from '../../../vulnerabilities/match.ts';

/** Days after which advisories say little: most flaws that are used are used in the first weeks. */
const STALE_DAYS = 14;

function problemOf({ reference }: ImageAuditFacts, one: Vulnerability): Problem {
  const { id, type, name, version, severity, fixed, summary } = one;
  const correction = fixed === null ? 'no correction is known' : `corrected in ${fixed}`;
  const said = summary === '' ? '' : `: ${summary.replace(/[.:]$/, '')}`;
  return {
    key: `${id} ${type} ${name}`,
    message: `${name} ${version} (${type}) has ${id} (${severity ?? 'severity unknown'})${said}; ${correction}`,
    location: { logical: `${reference} ${name}` },
  };
}

/** Those of the vulnerabilities found that count; that there are none is only said when everything could be asked about. */
export function judgeVulnerabilities(facts: ImageAuditFacts, counts: (one: Vulnerability) => boolean): Verdict {
  const { vulnerabilities: known, incomplete, collected } = facts;
  if (known === null)
    return unknown(incomplete ?? "no advisories were imported: 'secure audit db import', see docs/audit.md");
  const found = known.found.filter(counts);
  if (found.length > 0) return fails(...found.map((one) => problemOf(facts, one)));
  if (incomplete !== null) return unknown(incomplete);
  if (known.packages === 0) return notApplicable('no package is in it that advisories are about');
  if (known.unread.length > 0) return unknown(`packages that cannot be read: ${known.unread.join(', ')}`);
  if (known.uncovered.length > 0) return unknown(`no advisories were imported for ${known.uncovered.join(', ')}`);
  if (known.unjudged.length > 0) {
    const [first, ...others] = known.unjudged;
    return unknown(
      `versions that cannot be compared: ${first}${others.length > 0 ? ` and ${others.length} more` : ''}`,
    );
  }
  const days = Math.floor((Date.parse(collected) - Date.parse(known.imported)) / 86_400_000);
  return days > STALE_DAYS ? unknown(`advisories were imported ${days} days ago: 'secure audit db import'`) : PASS;
}

/** For examples. */
export const found = (more: Partial<Vulnerability> = {}): Vulnerability => ({
  id: 'CVE-2026-1234',
  ids: ['CVE-2026-1234'],
  type: 'deb',
  name: 'libssl3',
  version: '3.0.11-1~deb12u1',
  severity: 'high',
  fixed: '3.0.11-1~deb12u2',
  summary: 'a buffer overflow in the parser of certificates',
  ...more,
});
