// SPDX-License-Identifier: Apache-2.0
// An image of a registry.
import type { ImageFacts } from '../../plan/types.ts';
import { type ClientOptions, RegistryClient } from '../../registry/client.ts';
import { checkPlatform } from '../import/prepared.ts';
import { findManifest } from '../import/pull.ts';
import { readConfig } from '../oci/config.ts';
import { DOCUMENT_LIMIT } from '../oci/json.ts';
import { readManifest } from '../oci/manifest.ts';
import { verified } from '../read.ts';
import { formatReference, type Reference } from '../reference.ts';
import { readAll } from '../sources/bytes.ts';
import { type LookedAt, type LookOptions, lookedAt, platformOf } from './looked.ts';

/** Asked with the manifest's digest, then that of the index that it was chosen from. */
export type SignaturesOf = (
  client: RegistryClient,
  reference: string,
  digests: readonly string[],
) => Promise<ImageFacts['signatures']>;

/**
 * What a reference means in its registry now: manifest and config, no layers.
 * @throws SecureError MANIFEST_UNKNOWN, BLOB_UNKNOWN, DIGEST_MISMATCH, PLATFORM_MISSING, LIMIT_EXCEEDED, MEDIA_TYPE_UNSUPPORTED, CONFIG_CORRUPT, REGISTRY_*
 */
export async function lookIntoRegistry(
  reference: Reference,
  options: LookOptions & ClientOptions & { readonly signatures?: SignaturesOf } = {},
): Promise<LookedAt> {
  const client = new RegistryClient(reference, options);
  try {
    const platform = platformOf(options);
    const { manifest: chosen, bytes, index } = await findManifest(client, reference, platform);
    const manifest = readManifest(bytes, chosen.mediaType, `manifest ${chosen.digest}`);
    const what = `config ${manifest.config.digest}`;
    const data = verified(await readAll(client.blob(manifest.config), DOCUMENT_LIMIT, what), manifest.config.digest);
    const config = readConfig(data, manifest.layers.length, what);
    checkPlatform(config, platform);
    const digests = { digest: chosen.digest, configDigest: manifest.config.digest };
    const name = formatReference(reference);
    const signatures = await options.signatures?.(
      client,
      name,
      index === undefined ? [chosen.digest] : [chosen.digest, index],
    );
    return { ...lookedAt(name, digests, config, 'pulled'), ...(signatures === undefined ? {} : { signatures }) };
  } finally {
    client.close();
  }
}
