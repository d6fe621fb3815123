// SPDX-License-Identifier: Apache-2.0
// SPDX 2.3, JSON (ISO/IEC 5962).
import { createHash } from 'node:crypto';
import { PRODUCT_VERSION } from '../../../version.ts';
import { type Component, componentsOf, seconds, uuidOf } from './components.ts';
import type { Inventory, Subject } from './types.ts';

export const SPDX = 'application/spdx+json';

const DOCUMENT = 'SPDXRef-DOCUMENT';
const IMAGE = 'SPDXRef-Image';
const SYSTEM = 'SPDXRef-Distribution';
const UNKNOWN = 'NOASSERTION';

/** Only letters, digits, dots and hyphens are allowed in it; the hash keeps apart what then looks the same. */
const idOf = (purl: string, name: string): string =>
  `SPDXRef-Package-${name.replaceAll(/[^A-Za-z0-9.-]/g, '-')}-${createHash('sha256').update(purl).digest('hex').slice(0, 16)}`;

/** What nobody has looked into is said to be unknown. */
const UNEXAMINED = {
  downloadLocation: UNKNOWN,
  filesAnalyzed: false,
  licenseConcluded: UNKNOWN,
  licenseDeclared: UNKNOWN,
  copyrightText: UNKNOWN,
};

/** `Name <address>` as SPDX writes it. */
function supplier(maintainer: string | undefined): string {
  if (maintainer === undefined) return UNKNOWN;
  const [, name = maintainer, address] = /^(.*?)\s*<([^>]*)>$/s.exec(maintainer) ?? [];
  return `Organization: ${name}${address === undefined ? '' : ` (${address})`}`;
}

function spdxPackage(one: Component, id: string): object {
  return {
    SPDXID: id,
    name: one.name,
    versionInfo: one.version,
    supplier: supplier(one.maintainer),
    ...UNEXAMINED,
    ...(one.homepage === undefined ? {} : { homepage: one.homepage }),
    ...(one.license === undefined ? {} : { licenseComments: `declared by the package: ${one.license}` }),
    sourceInfo: `built from source package ${one.source.name} ${one.source.version}`,
    externalRefs: [{ referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: one.purl }],
  };
}

const relation = (spdxElementId: string, relationshipType: string, relatedSpdxElement: string) => ({
  spdxElementId,
  relationshipType,
  relatedSpdxElement,
});

/** The bill of materials of an image. Pure: the same inventory and subject give the same bytes. */
export function spdx(inventory: Inventory, subject: Subject): string {
  const components = componentsOf(inventory);
  const ids = new Map(components.map(({ purl, name }) => [purl, idOf(purl, name)]));
  const id = (purl: string) => ids.get(purl) ?? '';
  const { distribution } = inventory;
  const [algorithm = '', hex = ''] = subject.digest.split(':');
  const checksum = { algorithm: algorithm.toUpperCase(), checksumValue: hex };
  const image = {
    SPDXID: IMAGE,
    name: subject.name,
    versionInfo: subject.digest,
    supplier: UNKNOWN,
    ...UNEXAMINED,
    primaryPackagePurpose: 'CONTAINER',
    checksums: [checksum],
  };
  const system =
    distribution === undefined
      ? []
      : [
          {
            SPDXID: SYSTEM,
            name: distribution.id,
            versionInfo: distribution.versionId ?? UNKNOWN,
            supplier: UNKNOWN,
            ...UNEXAMINED,
            summary: distribution.name,
            primaryPackagePurpose: 'OPERATING_SYSTEM',
          },
        ];
  const body = {
    packages: [image, ...system, ...components.map((one) => spdxPackage(one, id(one.purl)))],
    relationships: [
      relation(DOCUMENT, 'DESCRIBES', IMAGE),
      ...system.map(({ SPDXID }) => relation(IMAGE, 'CONTAINS', SPDXID)),
      ...components.map(({ purl }) => relation(IMAGE, 'CONTAINS', id(purl))),
      ...components.flatMap(({ purl, dependsOn }) =>
        dependsOn.map((other) => relation(id(purl), 'DEPENDS_ON', id(other))),
      ),
    ],
  };
  const created = seconds(subject);
  const name = subject.name.replaceAll(/[^A-Za-z0-9.-]+/g, '-');
  const document = {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: DOCUMENT,
    name: subject.name,
    documentNamespace: `https://spdx.org/spdxdocs/${name}-${uuidOf('spdx', created, JSON.stringify(body))}`,
    creationInfo: { created, creators: [`Tool: secure-${PRODUCT_VERSION}`] },
    ...body,
  };
  return `${JSON.stringify(document, undefined, 1)}\n`;
}
