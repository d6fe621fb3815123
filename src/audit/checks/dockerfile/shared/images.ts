// SPDX-License-Identifier: Apache-2.0
import { findStage, imageOfMount } from '../../../../runtime/images/dockerfile/stages.ts';
import type { DockerfileFacts } from '../../../facts/dockerfile.ts';
import type { Region } from '../../../types.ts';

/** An image that a build takes files from. */
export interface UsedImage {
  /** Undefined where a variable decides it that is not known before the build. */
  readonly reference: string | undefined;
  /** `FROM`, `COPY --from` or `RUN --mount`. */
  readonly by: string;
  /** As written. */
  readonly written: string;
  readonly region: Region;
}

/** Images of FROM, COPY --from and RUN --mount=from; stages of the file are none, and neither is scratch. */
export function usedImages({ stages }: DockerfileFacts): UsedImage[] {
  return stages.flatMap(({ base, from, instructions, index }) => {
    const used: UsedImage[] = [];
    if (base.kind === 'image' || base.kind === 'unknown') {
      const reference = base.kind === 'image' ? base.reference : undefined;
      used.push({ reference, by: 'FROM', written: reference ?? from.value, region: from.region });
    }
    for (const { keyword, flags } of instructions) {
      for (const { name, value, region } of flags) {
        const image =
          name === 'from' && keyword === 'COPY' ? value : name === 'mount' ? imageOfMount(value) : undefined;
        if (image === undefined || image === '' || findStage(stages.slice(0, index), image) !== undefined) continue;
        const by = name === 'from' ? 'COPY --from' : 'RUN --mount';
        used.push({ reference: image.includes('$') ? undefined : image, by, written: image, region });
      }
    }
    return used;
  });
}
