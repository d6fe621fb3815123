// SPDX-License-Identifier: Apache-2.0
import { SIGSTORE_MIRROR } from './instance.ts';

/** The TUF root of the public instance, as @sigstore/tuf ships it; read by nothing but an update. */
export async function publicRoot(): Promise<Buffer> {
  const { default: seeds } = await import('@sigstore/tuf/seeds.json', { with: { type: 'json' } });
  return Buffer.from(seeds[SIGSTORE_MIRROR]['root.json'], 'base64');
}
