// SPDX-License-Identifier: Apache-2.0
// Packages of an image against the advisories that are known.
import type { Distribution, Inventory, Package } from '../../runtime/images/sbom/types.ts';
import { SEVERITIES, type Severity } from '../types.ts';
import { affects } from './affects.ts';
import type { Known, VulnerabilityDatabase } from './database.ts';

export interface Vulnerability {
  /** Its CVE id where it has one, else that of the advisory. */
  readonly id: string;
  /** Every id that it is known by. */
  readonly ids: readonly string[];
  readonly type: Package['type'];
  readonly name: string;
  readonly version: string;
  /** Null: nobody says. */
  readonly severity: Severity | null;
  /** The version that corrects it; null: there is none, or none is known. */
  readonly fixed: string | null;
  readonly summary: string;
}
export interface Vulnerabilities {
  /** When advisories were imported last, RFC 3339. */
  readonly imported: string;
  /** How many packages were asked about. */
  readonly packages: number;
  readonly found: readonly Vulnerability[];
  /** Ecosystems of packages here that nothing is known of. */
  readonly uncovered: readonly string[];
  /** Databases of packages that cannot be read, each with why. */
  readonly unread: readonly string[];
  /** Packages with a version that cannot be compared with what an advisory says. */
  readonly unjudged: readonly string[];
  /** What a VEX document says that this image is not affected by, and why: `CVE-2026-1 of openssl: vulnerable code not present`. */
  readonly excepted: readonly string[];
}

const LANGUAGES: Readonly<Record<string, string>> = { npm: 'npm', pypi: 'PyPI', golang: 'Go', cargo: 'crates.io' };

/** As osv.dev calls them; the first of which anything is known counts. */
function ecosystemsOf({ type }: Package, distribution: Distribution | undefined): string[] {
  const language = LANGUAGES[type];
  if (language !== undefined) return [language];
  const { id = '', versionId = '' } = distribution ?? {};
  if (id === 'debian') return [`Debian:${versionId.split('.')[0]}`];
  if (id === 'ubuntu') return [`Ubuntu:${versionId}:LTS`, `Ubuntu:${versionId}`];
  if (id === 'alpine') return [`Alpine:v${versionId.split('.').slice(0, 2).join('.')}`];
  const [major = ''] = versionId.split('.');
  // SLES writes its second service pack as 15.2.
  const pack = versionId.replace(/^(\d+)\.(\d+)$/, '$1 SP$2');
  const named: Readonly<Record<string, string>> = {
    almalinux: `AlmaLinux:${major}`,
    rocky: `Rocky Linux:${major}`,
    'opensuse-leap': `openSUSE:Leap ${versionId}`,
    'opensuse-tumbleweed': 'openSUSE:Tumbleweed',
    sles: `SUSE:Linux Enterprise Server ${pack}`,
    mageia: `Mageia:${major}`,
    azurelinux: `Azure Linux:${major}`,
  };
  if (type === 'rpm' && Object.hasOwn(named, id)) return [named[id] ?? ''];
  return [
    { wolfi: 'Wolfi', chainguard: 'Chainguard' }[id] ??
      `${id || 'an unknown distribution'}${versionId === '' ? '' : ` ${versionId}`}`,
  ];
}

const rank = (severity: Severity | null): number =>
  severity === null ? SEVERITIES.length : SEVERITIES.indexOf(severity);

/** One flaw of one package, whatever several advisories call it. */
function merged(one: Vulnerability, other: Vulnerability): Vulnerability {
  return {
    ...one,
    ids: [...new Set([...one.ids, ...other.ids])].sort(),
    severity: rank(one.severity) <= rank(other.severity) ? one.severity : other.severity,
    fixed: one.fixed ?? other.fixed,
    summary: one.summary || other.summary,
  };
}

function vulnerability(
  one: Package,
  { id, aliases, severity, summary }: Known,
  fixed: string | undefined,
): Vulnerability {
  const ids = [...new Set([id, ...aliases])].sort();
  return {
    id: ids.find((name) => name.startsWith('CVE-')) ?? id,
    ids,
    type: one.type,
    name: one.name,
    version: one.version,
    severity,
    fixed: fixed ?? null,
    summary,
  };
}

export function match(
  database: VulnerabilityDatabase,
  { packages, distribution, unread = [] }: Inventory,
): Vulnerabilities {
  const found = new Map<string, Vulnerability>();
  const [uncovered, unjudged] = [new Set<string>(), new Set<string>()];
  const covered = new Map<string, string | undefined>();
  for (const one of packages) {
    const names = ecosystemsOf(one, distribution);
    const key = names.join();
    if (!covered.has(key))
      covered.set(
        key,
        names.find((name) => database.has(name)),
      );
    const ecosystem = covered.get(key);
    if (ecosystem === undefined) {
      uncovered.add(names[0] ?? '');
      continue;
    }
    // Distributions keep track of source packages; of those with rpm some list what was built, too.
    const asked = [one.source, ...(one.type === 'rpm' && one.source.name !== one.name ? [one] : [])];
    const advisories = asked.flatMap(({ name, version }) =>
      database.about(ecosystem, name).map((known) => ({ known, version })),
    );
    for (const { known, version } of advisories) {
      const hit = affects(one.type, version, known.what);
      if (hit === undefined) unjudged.add(`${one.name} ${one.version}`);
      if (hit?.affected !== true) continue;
      const next = vulnerability(one, known, hit.fixed);
      const place = `${one.type} ${one.name} ${one.version} ${next.id}`;
      const before = found.get(place);
      found.set(place, before === undefined ? next : merged(before, next));
    }
  }
  const order = ({ severity, name, id }: Vulnerability): string => `${rank(severity)} ${name} ${id}`;
  return {
    imported: database.imported ?? '',
    packages: packages.length,
    found: [...found.values()].sort((a, b) => (order(a) < order(b) ? -1 : 1)),
    uncovered: [...uncovered].sort(),
    unread,
    unjudged: [...unjudged].sort(),
    excepted: [],
  };
}
