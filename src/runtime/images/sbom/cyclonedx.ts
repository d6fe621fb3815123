// SPDX-License-Identifier: Apache-2.0
// CycloneDX 1.6, JSON (ECMA-424).
import { PRODUCT_VERSION } from '../../../version.ts';
import { type Component, componentsOf, seconds, uuidOf } from './components.ts';
import type { Inventory, Subject } from './types.ts';

export const CYCLONEDX = 'application/vnd.cyclonedx+json';

const IMAGE = 'image';

function component(one: Component): object {
  return {
    type: 'library',
    'bom-ref': one.purl,
    ...(one.maintainer === undefined ? {} : { supplier: { name: one.maintainer } }),
    name: one.name,
    version: one.version,
    ...(one.license === undefined ? {} : { licenses: [{ license: { name: one.license } }] }),
    purl: one.purl,
    ...(one.homepage === undefined ? {} : { externalReferences: [{ type: 'website', url: one.homepage }] }),
    properties: [
      { name: 'secure:package:architecture', value: one.architecture },
      { name: 'secure:package:source', value: one.source.name },
      { name: 'secure:package:sourceVersion', value: one.source.version },
    ],
  };
}

/**
 * The bill of materials of an image. Pure: the same inventory and subject give the same bytes. It lists what package managers have
 * installed; whether there is more is unknown, and said (`compositions`).
 */
export function cycloneDx(inventory: Inventory, subject: Subject): string {
  const components = componentsOf(inventory);
  const { distribution } = inventory;
  const system =
    distribution === undefined
      ? []
      : [
          {
            type: 'operating-system',
            'bom-ref': 'distribution',
            name: distribution.id,
            ...(distribution.versionId === undefined ? {} : { version: distribution.versionId }),
            description: distribution.name,
          },
        ];
  const body = {
    metadata: {
      timestamp: seconds(subject),
      tools: { components: [{ type: 'application', name: 'secure', version: PRODUCT_VERSION }] },
      component: { type: 'container', 'bom-ref': IMAGE, name: subject.name, version: subject.digest },
    },
    components: [...system, ...components.map(component)],
    dependencies: [
      { ref: IMAGE, dependsOn: components.map(({ purl }) => purl) },
      ...components.map(({ purl, dependsOn }) => ({ ref: purl, dependsOn })),
    ],
    compositions: [{ aggregate: 'unknown', assemblies: [IMAGE] }],
  };
  const document = {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${uuidOf('cyclonedx', JSON.stringify(body))}`,
    version: 1,
    ...body,
  };
  return `${JSON.stringify(document, undefined, 1)}\n`;
}
