// SPDX-License-Identifier: Apache-2.0
// The trusted certificates of an image, read without mounting it.
import { CA_BUNDLES } from '../plan/trust.ts';
import { readMerged } from './merged.ts';

const LIMIT = 2 * 1024 * 1024;

/** Those of the usual files that the merged layers (lowest first) have as regular files. @throws SecureError LIMIT_EXCEEDED */
export function caBundles(layers: readonly string[]): { path: string; text: string }[] {
  return CA_BUNDLES.map((path) => ({ path, text: readMerged(layers, path.slice(1), LIMIT) })).filter(
    ({ text }) => text !== '',
  );
}
