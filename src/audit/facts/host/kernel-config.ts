// SPDX-License-Identifier: Apache-2.0
// How the kernel was built: `CONFIG_X=y` by name, without CONFIG_. What is not set is not in it.
import { gunzipSync } from 'node:zlib';
import type { Tree } from './tree.ts';

export type KernelConfig = Readonly<Record<string, string>>;

const LIMIT = 4 << 20;

/** Undefined: nothing is set, so that it is none. A check of what should not be there would pass on it. */
export function parseKernelConfig(text: string): KernelConfig | undefined {
  const set = Object.fromEntries(
    [...text.matchAll(/^CONFIG_([A-Z0-9_a-z]+)=(.*)$/gm)].map(([, name = '', value = '']) => [
      name,
      value.replace(/^"(.*)"$/, '$1'),
    ]),
  );
  return Object.keys(set).length === 0 ? undefined : set;
}

/** Undefined: it is nowhere to be read. @param release uname -r */
export function kernelConfig(tree: Tree, release: string | undefined): KernelConfig | undefined {
  // A release is a name of a file below.
  const named = release !== undefined && /^[A-Za-z0-9._+~-]+$/.test(release);
  const places = named
    ? [`/boot/config-${release}`, `/usr/lib/modules/${release}/config`, `/lib/modules/${release}/config`]
    : [];
  for (const place of places) {
    const text = tree.text(place);
    const found = text === undefined ? undefined : parseKernelConfig(text);
    if (found !== undefined) return found;
  }
  const packed = tree.bytes('/proc/config.gz');
  if (packed === undefined) return undefined;
  try {
    return parseKernelConfig(gunzipSync(packed, { maxOutputLength: LIMIT }).toString('utf8'));
  } catch {
    return undefined;
  }
}
