// SPDX-License-Identifier: Apache-2.0
import { parseDigest } from '../digest.ts';
import type { JsonObject } from './json.ts';
import { type Platform, readPlatform } from './platform.ts';

/** image-spec "Content Descriptors". */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
  readonly platform?: Platform;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** One layer, and a whole image, may be at most this large: 1 TiB. */
const BLOB_LIMIT = 2 ** 40;

export function readDescriptor(json: JsonObject): Descriptor {
  const digest = json.string('digest');
  if (parseDigest(digest) === undefined) throw json.fail('digest', 'is no sha256 or sha512 digest');
  const platform = json.optionalObject('platform');
  const annotations = json.stringMap('annotations', 1000);
  return {
    mediaType: json.string('mediaType', ''),
    digest,
    size: json.integer('size', BLOB_LIMIT),
    ...(platform === undefined ? {} : { platform: readPlatform(platform) }),
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
  };
}
