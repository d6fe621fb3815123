// SPDX-License-Identifier: Apache-2.0
// Who wrote what in an image, for people.
import { formatBytes } from '../runtime/images/format.ts';
import type { ImageTree, LayerTree } from '../runtime/images/tree.ts';
import { printable } from './output.ts';
import { type Column, table } from './table.ts';

/** Paths of each kind that are shown of a layer; the JSON has more. */
const SHOWN = 20;
const STEP = 45;

const COLUMNS: readonly Column<LayerTree>[] = [
  { title: 'LAYER', value: ({ diffId }) => diffId.slice(0, 19) },
  { title: 'FILES', value: ({ bytes }) => formatBytes(bytes) },
  { title: 'STORED', value: ({ size }) => formatBytes(size) },
  { title: 'WASTED', value: ({ wasted }) => formatBytes(wasted) },
  { title: 'ADDED', value: ({ added }) => String(added) },
  { title: 'CHANGED', value: ({ changed }) => String(changed) },
  { title: 'DELETED', value: ({ deleted }) => String(deleted) },
  {
    title: 'CREATED BY',
    value: ({ createdBy }) => (createdBy.length > STEP ? `${createdBy.slice(0, STEP - 1)}…` : createdBy),
  },
];

function* lines(layer: LayerTree): Generator<string> {
  const { diffId, setid, capabilities, paths, added, changed, deleted } = layer;
  yield diffId.slice(0, 19);
  for (const path of setid.slice(0, SHOWN)) yield `  set-id ${path}`;
  if (setid.length > SHOWN) yield `  … and ${setid.length - SHOWN} further set-id files`;
  for (const path of capabilities.slice(0, SHOWN)) yield `  capabilities ${path}`;
  if (capabilities.length > SHOWN) yield `  … and ${capabilities.length - SHOWN} further files with capabilities`;
  for (const { mark, path } of paths.slice(0, SHOWN)) yield `  ${mark} /${path}`;
  const rest = added + changed + deleted - Math.min(paths.length, SHOWN);
  if (rest > 0) yield `  … and ${rest} further paths`;
}

/** A table of the layers, lowest first, then what each of them did. */
export function treeText({ layers, complete }: ImageTree): string {
  const parts = [table(layers, COLUMNS), ...layers.map((layer) => [...lines(layer)].map(printable).join('\n'))];
  if (!complete) parts.push('the image has more files than are looked at: the numbers are too small');
  return parts.join('\n\n');
}
