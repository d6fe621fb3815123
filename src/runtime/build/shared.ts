// SPDX-License-Identifier: Apache-2.0
// What all stages of one build share.

import { cached, remember, type StepResult, stepKey } from '../images/build-cache.ts';
import type { LayerMember } from '../images/layer/archive.ts';
import { Tree } from '../images/layer/tree.ts';
import type { Descriptor } from '../images/oci/descriptor.ts';
import type { ImageRecord } from '../images/records.ts';
import type { StoreRoots } from '../images/roots.ts';
import type { Stage } from '../images/stage.ts';
import { accountsOf, type ImageStore } from '../images/store.ts';
import type { HostFacts, ImageFacts } from '../plan/types.ts';
import type { HistoryStep, StageConfig } from './image-config.ts';
import type { Base } from './origin.ts';
import type { SourceTree } from './sources.ts';
import type { BuildEvent, BuildRequest } from './types.ts';

/** A stage as far as it is built, or an image to stand on or copy from. */
export interface State {
  readonly config: StageConfig;
  /** Lowest first. */
  readonly layers: Descriptor[];
}

export interface Shared {
  readonly request: BuildRequest;
  readonly store: ImageStore;
  readonly roots: StoreRoots;
  readonly stage: Stage;
  readonly host: HostFacts;
  /** Undefined: the build has none. */
  readonly context: SourceTree | undefined;
  readonly signal: AbortSignal | undefined;
  readonly onEvent: (event: BuildEvent) => void;
  /** Images that the build stands on or copies from, by name as written: the materials of its provenance. */
  readonly materials: Map<string, ImageRecord>;
  /** How far each of them is trusted. */
  readonly bases: Base[];
  /** SHA-256, in hex, of what ADD fetched, by address. */
  readonly downloads: Map<string, string>;
  /** An image by the name that stands in the build file. Each is looked up once. */
  image(name: string): Promise<{ readonly record: ImageRecord; readonly state: State }>;
  /** A stage by index, built. */
  built(index: number): Promise<State>;
  /** One at a time: what is gathered becomes visible together. */
  exclusively<T>(action: () => Promise<T>): Promise<T>;
  /** Not more steps at a time than there are processors. */
  limited<T>(action: () => Promise<T>): Promise<T>;
}

export const seconds = ({ request }: Shared): number => request.epoch ?? Math.floor(Date.now() / 1000);

/** The files of a state; the caller closes it. */
export async function treeOf({ store }: Shared, { config }: State): Promise<Tree> {
  return Tree.open((await store.layersOf(config.diffIds)).map(({ path }) => path));
}

/** A state as an image that a plan can be made for. */
export async function factsOf({ store, request }: Shared, { config }: State): Promise<ImageFacts> {
  const layers = await store.layersOf(config.diffIds);
  const digest = `sha256:${'0'.repeat(64)}`;
  const read = config.read();
  return {
    // It has no name yet, and nothing that is decided by names applies to it.
    reference: 'localhost/build:step',
    digest,
    configDigest: digest,
    origin: 'built',
    architecture: request.platform.architecture,
    os: request.platform.os,
    config: { ...read.config, entrypoint: [], cmd: [], volumes: [], exposedPorts: [] },
    layers,
    ...accountsOf(layers.map(({ path }) => path)),
  };
}

/** What is kept of a step by what it depends on, unless nothing that is kept is wanted. */
export function knownResult({ request, store }: Shared, parts: readonly string[]): StepResult | undefined {
  return request.cache ? cached(store.paths, stepKey(...parts, request.compression)) : undefined;
}

/** Keep what a step gave by what else it depends on. */
export function rememberResult(
  { request, store }: Shared,
  parts: readonly string[],
  result: StepResult,
): Promise<void> {
  return remember(store.paths, stepKey(...parts, request.compression), result);
}

/**
 * The result of a step: the one that is kept, or a new one, which is kept from then on. A layer is visible, and durable, before its entry is.
 * @param parts what it depends on
 * @param make hands the members of the layer over to `write`
 */
export async function keptResult(
  shared: Shared,
  parts: readonly string[],
  make: (write: (members: Iterable<LayerMember>) => Promise<StepResult>) => Promise<StepResult>,
): Promise<{ readonly result: StepResult; readonly hit: boolean }> {
  const { request, stage } = shared;
  const known = knownResult(shared, parts);
  if (known !== undefined) return { result: known, hit: true };
  const result = await make(async (members) => {
    const created = new Date(seconds(shared) * 1000).toISOString();
    const layer = await stage.newLayer(members, request.compression);
    if (layer !== undefined) await shared.exclusively(() => stage.commit());
    return { created, layer };
  });
  await rememberResult(shared, parts, result);
  return { result, hit: false };
}

/** A state with what a step gave on top. */
export function addResult(
  { config, layers }: State,
  { created, layer }: StepResult,
  told: Pick<HistoryStep, 'created_by' | 'author'>,
): void {
  config.add({ created, ...told }, layer?.diffId);
  if (layer === undefined) return;
  const { mediaType, digest, size } = layer;
  layers.push({ mediaType, digest, size });
}
