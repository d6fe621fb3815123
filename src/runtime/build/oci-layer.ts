// SPDX-License-Identifier: Apache-2.0
import type { Descriptor } from '../images/oci/descriptor.ts';
import { LAYER_TAR } from '../images/oci/mediatypes.ts';

/** Docker's names of the same things. */
export function ociLayer({ mediaType, digest, size }: Descriptor): Descriptor {
  const [, compression = ''] =
    /^application\/vnd\.docker\.image\.rootfs\.diff\.tar(?:\.(gzip|zstd))?$/.exec(mediaType) ?? [];
  const docker = mediaType.startsWith('application/vnd.docker.');
  return { mediaType: docker ? `${LAYER_TAR}${compression === '' ? '' : `+${compression}`}` : mediaType, digest, size };
}
