// SPDX-License-Identifier: Apache-2.0

import type { Descriptor } from '../oci/descriptor.ts';
import { hostPlatform, type Platform } from '../oci/platform.ts';
import type { Bytes } from '../sources/bytes.ts';
import type { Stage } from '../stage.ts';
import { addManifest, type Prepared } from './prepared.ts';

/** The part of an image config that whoever makes an image from a file tree chooses. */
export interface ImageSettings {
  readonly user?: string;
  /** `K=V`. */
  readonly env?: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly cmd?: readonly string[];
  readonly workingDir?: string;
  /** `80/tcp`. */
  readonly exposedPorts?: readonly string[];
  /** Absolute paths. */
  readonly volumes?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly stopSignal?: string;
}

/** What an image says that names no PATH of its own. */
export const DEFAULT_PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** `SOURCE_DATE_EPOCH` (reproducible-builds.org) in seconds, where it is set to a number. */
export function sourceDateEpoch(): number | undefined {
  const given = process.env.SOURCE_DATE_EPOCH ?? '';
  return /^\d{1,11}$/.test(given) ? Number(given) : undefined;
}

/** Go's way to write a set. */
const emptyAt = (keys: readonly string[]) => Object.fromEntries(keys.toSorted().map((key) => [key, {}]));

/** An image config as JSON. Keys are in a fixed order and nothing depends on the clock, so equal input is equal output. */
function configJson(settings: ImageSettings, diffId: string, created: string, platform: Platform): Buffer {
  const env = settings.env ?? [];
  const config = {
    ...(settings.user ? { User: settings.user } : {}),
    ...(settings.exposedPorts?.length ? { ExposedPorts: emptyAt(settings.exposedPorts) } : {}),
    Env: env.some((entry) => entry.startsWith('PATH=')) ? env : [DEFAULT_PATH, ...env],
    ...(settings.entrypoint?.length ? { Entrypoint: settings.entrypoint } : {}),
    ...(settings.cmd?.length ? { Cmd: settings.cmd } : {}),
    ...(settings.workingDir ? { WorkingDir: settings.workingDir } : {}),
    ...(settings.volumes?.length ? { Volumes: emptyAt(settings.volumes) } : {}),
    ...(settings.labels ? { Labels: settings.labels } : {}),
    ...(settings.stopSignal ? { StopSignal: settings.stopSignal } : {}),
  };
  const document = { created, ...platform, config, rootfs: { type: 'layers', diff_ids: [diffId] } };
  return Buffer.from(JSON.stringify(document));
}

/**
 * Make an image of one layer from a plain tar archive of a root file system. `created` is RFC 3339. The diff id is what the extractor computes.
 */
export async function prepareRootfs(
  stage: Stage,
  tar: Bytes,
  settings: ImageSettings,
  created: string,
  platform: Platform = hostPlatform(),
): Promise<Prepared & { readonly manifest: Descriptor; readonly diffId: string }> {
  const { diffId, ...layer } = await stage.archive(tar.chunks(), 'gzip');
  return { ...(await addManifest(stage, configJson(settings, diffId, created, platform), [layer])), diffId, names: [] };
}
