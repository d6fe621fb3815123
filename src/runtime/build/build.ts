// SPDX-License-Identifier: Apache-2.0
// From a build file to an image: which stages it takes, side by side as far as they do not need each other.

import { readHost } from '../host.ts';
import { stageArtifact } from '../images/artifacts/kept.ts';
import { forget } from '../images/build-cache.ts';
import { parseDockerfile } from '../images/dockerfile/parse.ts';
import { findStage } from '../images/dockerfile/stages.ts';
import { dockerfileSubject } from '../images/dockerfile/subject.ts';
import type { DockerfileFacts, Stage as FileStage } from '../images/dockerfile/types.ts';
import { publish } from '../images/import/import.ts';
import { addManifest } from '../images/import/prepared.ts';
import { Tree } from '../images/layer/tree.ts';
import type { ImageRecord } from '../images/records.ts';
import { formatReference, parseNewName } from '../images/reference.ts';
import { rootsFromEnv } from '../images/roots.ts';
import { stageSboms } from '../images/sbom/attach.ts';
import { keptLanguages } from '../images/sbom/kept.ts';
import { readInventory } from '../images/sbom/read.ts';
import { Stage } from '../images/stage.ts';
import type { ImageStore } from '../images/store.ts';
import { tagImage } from '../images/tag.ts';
import { limited, once, serial } from '../parallel.ts';
import { enforceRules, ruleWarnings } from '../rules.ts';
import { checkBase } from './base.ts';
import { checkFlags } from './check-flags.ts';
import { parseIgnore } from './ignore.ts';
import { StageConfig } from './image-config.ts';
import { ociLayer } from './oci-layer.ts';
import { originOf } from './origin.ts';
import { failed } from './problems.ts';
import { provenance, provenanceArtifact } from './provenance.ts';
import { platformArgs, Scope } from './scope.ts';
import { type Shared, type State, seconds } from './shared.ts';
import type { SourceTree } from './sources.ts';
import { StageBuild } from './stage-build.ts';
import { sweepBuilds } from './sweep.ts';
import type { BuildEvent, BuildRequest } from './types.ts';

/** Variables before the first FROM, and those of the platform. */
function globalsOf(file: DockerfileFacts, request: BuildRequest): Map<string, string> {
  const platform = platformArgs(request.platform);
  const scope = new Scope(request.args, platform, file.escaper);
  for (const instruction of file.globals) scope.declare(instruction.settings);
  return new Map([...platform, ...scope.args]);
}

function targetOf(file: DockerfileFacts, target: string | undefined): FileStage {
  const found = target === undefined ? file.stages.at(-1) : findStage(file.stages, target);
  if (found !== undefined) return found;
  const names = file.stages.map(({ alias, index }) => alias ?? String(index)).join(', ');
  throw failed(`${file.name} has no stage ${JSON.stringify(target)}`, `it has: ${names}`);
}

/** The stages that a target needs, itself included. */
function needed(file: DockerfileFacts, target: FileStage): Set<number> {
  const found = new Set<number>();
  const visit = (stage: FileStage | undefined): void => {
    if (stage === undefined || found.has(stage.index)) return;
    found.add(stage.index);
    if (stage.base.kind === 'stage') visit(file.stages[stage.base.stage]);
    for (const index of stage.uses) visit(file.stages[index]);
  };
  visit(target);
  return found;
}

/** Nobody asks for what no instruction declares: most often it is a typing slip. */
function warnUnused(file: DockerfileFacts, request: BuildRequest, onEvent: (event: BuildEvent) => void): void {
  const all = [...file.globals, ...file.stages.flatMap(({ instructions }) => instructions)];
  const declared = new Set(
    all.filter(({ keyword }) => keyword === 'ARG').flatMap(({ settings }) => settings.map(({ name }) => name)),
  );
  for (const name of request.args.keys())
    if (!declared.has(name) && !/^(?:https?|ftp|no|all)_proxy$/i.test(name))
      onEvent({ type: 'warning', text: `--build-arg ${name}: no ARG of ${file.name} declares it` });
}

function contextOf({ context, ignore }: BuildRequest): SourceTree | undefined {
  if (context === undefined) return undefined;
  const rules = parseIgnore(ignore?.text ?? '', ignore?.name ?? '.dockerignore');
  return { tree: Tree.open([context]), ignore: rules, what: 'the build context' };
}

async function publishBuilt(shared: Shared, { config, layers }: State, started: string): Promise<ImageRecord[]> {
  const { request, store, stage } = shared;
  config.fields.Labels = { ...config.fields.Labels, ...Object.fromEntries(request.labels) };
  if (Object.keys(config.fields.Labels).length === 0) delete config.fields.Labels;
  const created = config.created ?? new Date(seconds(shared) * 1000).toISOString();
  const prepared = await addManifest(stage, config.bytes(created), layers);
  const short = prepared.digest.slice('sha256:'.length, 'sha256:'.length + 12);
  const [first = `build-${short}`, ...more] = request.tags;
  const names = [first, ...more].map((name) => formatReference(parseNewName(name)));
  const files = await store.layersOf(config.diffIds);
  const inventory = readInventory(
    files.map(({ path }) => path),
    await keptLanguages(store.paths, files),
  );
  for (const why of inventory.unread ?? [])
    shared.onEvent({ type: 'warning', text: `packages that the SBOM lacks: ${why}` });
  const about = { name: names[0] ?? first, created };
  const sboms = await stageSboms(stage, prepared.manifest, inventory, about);
  const times = request.epoch === undefined ? { started, finished: new Date().toISOString() } : undefined;
  const materials = { images: shared.materials, downloads: shared.downloads };
  const statement = provenance(request, names, prepared.digest, materials, times);
  const referrers = [...sboms, await stageArtifact(stage, provenanceArtifact(prepared.manifest, statement))];
  const record = await publish(store, stage, { ...prepared, names: [], referrers }, originOf(shared.bases), first);
  return more.length === 0 ? [record] : [record, ...(await tagImage(store, record.reference, more))];
}

/** All that the policy, or a look at the file, refuses is refused before the first step is run. Base images are fetched. */
async function checkBases(
  shared: Shared,
  file: DockerfileFacts,
  wanted: ReadonlySet<number>,
  globals: ReadonlyMap<string, string>,
): Promise<void> {
  const names = new Set<string>();
  for (const { index, base, from, instructions } of file.stages) {
    if (!wanted.has(index)) continue;
    for (const instruction of instructions) checkFlags({ instruction, file: file.name });
    const [first] = instructions;
    const name =
      first === undefined ? '' : new Scope(shared.request.args, globals, file.escaper).word(from.raw, first, file.name);
    if (base.kind !== 'stage' && name !== '' && name !== 'scratch') names.add(name);
  }
  await Promise.all([...names].map((name) => shared.image(name)));
}

/**
 * Build an image. Nothing but layers in the cache is left when it fails. Returns a record for each of its names.
 * @throws SecureError BUILD_FAILED, DOCKERFILE_INVALID, POLICY_DENIED, IMAGE_UNTRUSTED, SIGNATURE_*, and everything of pulling and running
 */
export async function buildImage(
  store: ImageStore,
  request: BuildRequest,
  onEvent: (event: BuildEvent) => void,
  signal?: AbortSignal,
): Promise<ImageRecord[]> {
  const file = parseDockerfile(request.file.text, request.file.name);
  for (const name of request.tags) parseNewName(name);
  const globals = globalsOf(file, request);
  const target = targetOf(file, request.target);
  const wanted = needed(file, target);
  const roots = rootsFromEnv();
  const started = new Date().toISOString();
  await sweepBuilds(roots, store.paths);
  for (const text of ruleWarnings(await enforceRules(request.policy, [dockerfileSubject(file)])))
    onEvent({ type: 'warning', text });
  warnUnused(file, request, onEvent);
  const host = await readHost();
  const context = contextOf(request);
  const materials = new Map<string, ImageRecord>();
  const abort = new AbortController();
  const stop = signal === undefined ? abort.signal : AbortSignal.any([signal, abort.signal]);
  const stage = await Stage.open(store.paths, store.onEvent);
  try {
    const shared: Shared = {
      ...{
        request,
        store,
        roots,
        stage,
        host,
        context,
        signal: stop,
        onEvent,
        materials,
        bases: [],
        downloads: new Map(),
      },
      image: once(async (name) => {
        const base = await checkBase(store, roots, request, name);
        const { record } = base;
        shared.bases.push(base);
        materials.set(name, record);
        // By the record that was held against the policy, whatever its name means by now.
        const { manifest, raw } = await store.unpacked(record);
        return { record, state: { config: StageConfig.of(raw.config), layers: manifest.layers.map(ociLayer) } };
      }),
      built: once((index) => new StageBuild(shared, file, file.stages[index] as FileStage, globals).build()),
      exclusively: serial(),
      limited: limited(Math.max(1, request.parallel)),
    };
    try {
      await checkBases(shared, file, wanted, globals);
      await Promise.all([...wanted].map((index) => shared.built(index)));
      const records = await publishBuilt(shared, await shared.built(target.index), started);
      await forget(store.paths, false);
      return records;
    } catch (error) {
      // What runs beside it is ended, and waited for, before its files go.
      abort.abort(error);
      await Promise.allSettled([...wanted].map((index) => shared.built(index)));
      throw error;
    }
  } finally {
    await stage.close();
    context?.tree.close();
  }
}
