// SPDX-License-Identifier: Apache-2.0
// An image that docker or podman keeps: what the engine says of it, and its files where they lie unpacked on this machine.
import { lstatSync } from 'node:fs';
import { posix } from 'node:path';
import type { Layer } from '../../../runtime/images/walk.ts';
import { quoted } from '../../verdicts.ts';
import type { VulnerabilityDatabase } from '../../vulnerabilities/database.ts';
import { list, object, text, texts } from '../container/json.ts';
import { readAccounts } from './accounts.ts';
import { buildDate } from './built.ts';
import { collectFiles } from './files.ts';
import type { ImageAuditFacts, ImageFiles } from './types.ts';
import { vfsDirectories } from './vfs.ts';

type Json = Readonly<Record<string, unknown>>;

const NO_FILES: ImageFiles = { setid: [], capable: [], writable: [], secrets: [], caches: [], strangers: [] };

/** Where an engine keeps its images, as far as root believes it. */
export interface EngineStore {
  readonly engine: 'docker' | 'podman';
  /** Everything lies below it; empty: nothing that it says of paths is believed. */
  readonly root: string;
  /** Its layers are as the kernel merges them; false: a program of its own does, with marks of its own. */
  readonly native: boolean;
}
/** What is known of files of an image. */
export type LookedAt = Pick<ImageAuditFacts, 'files' | 'accounts' | 'incomplete' | 'vulnerabilities'>;

interface Unpacked {
  readonly layers: readonly Layer[];
  /** Each layer is a whole tree. */
  readonly whole: boolean;
}

/** Directories of an image, lowest first; a text: why there are none, or they are not below the root of the engine, whatever it says. */
function unpacked(image: Json, { engine, root, native }: EngineStore): Unpacked | string {
  const { Name, Data } = object(image.GraphDriver);
  const driver = text(Name);
  if (!root.startsWith('/')) return 'where its engine keeps its files is not looked at';
  const whole = driver === 'vfs';
  const readable = whole || (['overlay2', 'overlay'].includes(driver) && native);
  if (!readable)
    return `its files are packed by the storage driver ${driver === '' ? 'of its engine' : quoted(driver)}`;
  const data = object(Data);
  const directories = whole
    ? (vfsDirectories(engine, image, root) ?? [])
    : [...text(data.LowerDir).split(':').toReversed(), text(data.UpperDir)].filter((one) => one !== '');
  const own = directories.every((path) => posix.normalize(path).startsWith(`${posix.normalize(root)}/`));
  const there = own && directories.every((path) => lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true);
  if (!there || directories.length === 0) return 'its files are not where its engine keeps them';
  const layers = directories.map((path, i) => ({ diffId: layerName(i), root: path, opaque: false, attributes: true }));
  return { layers, whole };
}

/** Layers of engines are numbered, since not every driver says which is which. */
export const layerName = (index: number): string => `layer ${index + 1}`;

export const notLookedAt = (incomplete: string): LookedAt => ({
  ...{ files: NO_FILES, accounts: null, vulnerabilities: null, incomplete },
});

function lookAt(found: Unpacked | string, database: VulnerabilityDatabase | undefined): LookedAt {
  if (typeof found === 'string') return notLookedAt(found);
  const { layers, whole } = found;
  try {
    const accounts = readAccounts((whole ? layers.slice(-1) : layers).map(({ root }) => root));
    return { ...collectFiles(layers, new Map(), accounts, database, whole), accounts };
  } catch (thrown) {
    const { code = 'an error' } = thrown as NodeJS.ErrnoException;
    return notLookedAt(`its files cannot be read (${code}): audit as root`);
  }
}

/** `NAME:TAG`, or a name by digest, or the id of one that nothing names. */
export const imageName = (image: Json): string =>
  texts(image.RepoTags).find((tag) => !tag.startsWith('<none>')) ??
  texts(image.RepoDigests).find((digest) => !digest.startsWith('<none>')) ??
  (/^(?:sha256:)?([0-9a-f]{12})/.exec(text(image.Id))?.[1] || 'unnamed');

/**
 * @param image what the engine answered when it was asked about the image
 * @param history what it answered for its history, newest first
 * @param store where the engine keeps everything
 * @param database of advisories; undefined: there is none
 */
export function inspectedImage(
  image: Json,
  history: readonly unknown[],
  store: EngineStore,
  database?: VulnerabilityDatabase,
): ImageAuditFacts {
  const config = object(image.Config);
  // podman gives what was built here a digest, too; nobody else has an image of this host.
  const digests = texts(image.RepoDigests).filter((digest) => !/^(?:<none>|localhost\/)/.test(digest));
  const steps = history.map(object).map((step) => text(step.CreatedBy));
  const imported = text(image.Comment).startsWith('Imported from') || steps.every((step) => step === '');
  const id = text(image.Id);
  return {
    reference: imageName(image),
    digest: id.startsWith('sha256:') ? id : `sha256:${id}`,
    // The engine knows an image of a registry by the digest that it has there.
    origin: digests.length > 0 ? 'pulled' : imported ? 'imported' : 'unknown',
    created: buildDate(text(image.Created)),
    collected: new Date().toISOString(),
    config: {
      user: text(config.User),
      env: texts(config.Env),
      entrypoint: texts(config.Entrypoint),
      cmd: texts(config.Cmd),
      volumes: Object.keys(object(config.Volumes)),
      exposedPorts: Object.keys(object(config.ExposedPorts)),
      labels: Object.fromEntries(Object.entries(object(config.Labels)).map(([key, value]) => [key, text(value)])),
      healthcheck: list(object(config.Healthcheck).Test).length > 0,
    },
    history: steps.toReversed(),
    ...lookAt(unpacked(image, store), database),
  };
}
