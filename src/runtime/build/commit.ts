// SPDX-License-Identifier: Apache-2.0
// A container as an image: what it wrote is a layer on the image that it was made from.
import { ExitCode, SecureError } from '../../errors.ts';
import { findContainer } from '../containers/containers.ts';
import { rootOf, withWritten } from '../containers/root.ts';
import { parseDockerfile } from '../images/dockerfile/parse.ts';
import { publish } from '../images/import/import.ts';
import { addManifest } from '../images/import/prepared.ts';
import { sourceDateEpoch } from '../images/import/rootfs.ts';
import type { Compression } from '../images/layer/pack.ts';
import { Tree } from '../images/layer/tree.ts';
import { readImage } from '../images/read.ts';
import type { ImageRecord } from '../images/records.ts';
import { parseNewName } from '../images/reference.ts';
import { Stage } from '../images/stage.ts';
import type { ImageStore } from '../images/store.ts';
import type { Origin } from '../plan/types.ts';
import { StageConfig } from './image-config.ts';
import { applyMetadata } from './metadata.ts';
import { ociLayer } from './oci-layer.ts';
import { originOf } from './origin.ts';
import { invalid } from './problems.ts';
import { Scope } from './scope.ts';
import { addResult } from './shared.ts';

export interface CommitOptions {
  /** Instructions of a Dockerfile that change the config: `CMD ["a"]`. */
  readonly changes: readonly string[];
  readonly author: string | undefined;
  readonly message: string | undefined;
  readonly compression: Compression;
}

function apply(changes: readonly string[], config: StageConfig): void {
  if (changes.length === 0) return;
  const file = parseDockerfile(`FROM scratch\n${changes.join('\n')}\n`, '--change');
  const own = new Set<string>();
  for (const instruction of file.stages[0]?.instructions.slice(1) ?? []) {
    const scope = new Scope(new Map(), new Map(), file.escaper, config);
    const step = { instruction, file: '--change', expand: (raw: string) => scope.word(raw, instruction, '--change') };
    if (instruction.keyword === 'WORKDIR') config.fields.WorkingDir = step.expand(instruction.words[0]?.raw ?? '/');
    else if (instruction.onbuild || !applyMetadata(step, config, own))
      throw invalid(
        step,
        'only instructions that change the config can be given',
        'use CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, USER, VOLUME, WORKDIR …',
      );
  }
}

async function baseOf(store: ImageStore, image: { reference: string; digest: string } | undefined) {
  if (image === undefined)
    throw new SecureError('IMAGE_NOT_FOUND', 'the container was made from no image', {
      hint: 'export its files: secure export',
    });
  const record = { reference: image.reference, digest: image.digest } as ImageRecord;
  try {
    return await readImage(store.paths, record);
  } catch (cause) {
    throw new SecureError(
      'IMAGE_NOT_FOUND',
      `the image ${image.reference} (${image.digest}) is not in the store any more`,
      {
        hint: 'pull or build it again, or export the files of the container: secure export',
        exitCode: ExitCode.findings,
        cause,
      },
    );
  }
}

/**
 * Make an image of a container. Volumes and other mounts are no part of it. One that runs is taken as it is meanwhile.
 * @throws SecureError NO_SUCH_CONTAINER, IMAGE_NOT_FOUND, REFERENCE_INVALID, BUILD_FAILED when files change meanwhile or a change is none
 */
export async function commitContainer(
  store: ImageStore,
  idOrName: string,
  name: string,
  options: CommitOptions,
): Promise<ImageRecord> {
  parseNewName(name);
  const container = await findContainer(idOrName);
  const root = await rootOf(container);
  const stage = await Stage.open(store.paths, store.onEvent);
  try {
    const { manifest, raw } = await baseOf(store, root.config.secure?.image);
    const config = StageConfig.of(raw.config);
    apply(options.changes, config);
    const below = Tree.open(root.layers);
    try {
      const latest = sourceDateEpoch();
      const layers = manifest.layers.map(ociLayer);
      const created = new Date(latest === undefined ? Date.now() : latest * 1000).toISOString();
      const layer = await withWritten(root, below, latest, (members) => stage.newLayer(members, options.compression));
      const by = options.message ?? `secure commit ${container.name || container.id.slice(0, 12)}`;
      const author = options.author === undefined ? {} : { author: options.author };
      addResult({ config, layers }, { created, layer }, { created_by: by, ...author });
      if (options.author !== undefined) config.author = options.author;
      const prepared = await addManifest(stage, config.bytes(created), layers);
      const { origin } = root.config.secure?.image ?? { origin: 'imported' };
      return await publish(
        store,
        stage,
        { ...prepared, names: [] },
        originOf([{ origin: origin as Origin, signed: false }]),
        name,
      );
    } finally {
      below.close();
    }
  } finally {
    await stage.close();
  }
}
