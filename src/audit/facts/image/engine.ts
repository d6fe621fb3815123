// SPDX-License-Identifier: Apache-2.0
// An image that docker or podman keeps: what the engine says of it, and its files where they lie unpacked on this machine.
import { lstatSync } from 'node:fs';
import { posix } from 'node:path';
import type { Layer } from '../../../runtime/images/walk.ts';
import type { VulnerabilityDatabase } from '../../vulnerabilities/database.ts';
import { list, object, text, texts } from '../container/json.ts';
import { readAccounts } from './accounts.ts';
import { buildDate } from './built.ts';
import { collectFiles } from './files.ts';
import type { Account, ImageAuditFacts, ImageFiles } from './types.ts';

type Json = Readonly<Record<string, unknown>>;

const NO_FILES: ImageFiles = { setid: [], capable: [], writable: [], secrets: [], caches: [], strangers: [] };

/** Directories of overlay2, lowest first; none: another driver, or they are not below `root`, whatever the engine says. */
function layersOf(image: Json, root: string): Layer[] {
  const { Name, Data } = object(image.GraphDriver);
  if (!['overlay2', 'overlay'].includes(text(Name)) || !root.startsWith('/')) return [];
  const data = object(Data);
  const directories = [text(data.UpperDir), ...text(data.LowerDir).split(':')].filter((one) => one !== '');
  const own = directories.every((path) => posix.normalize(path).startsWith(`${posix.normalize(root)}/`));
  const there = own && directories.every((path) => lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true);
  if (!there) return [];
  return directories
    .toReversed()
    .map((path, i) => ({ diffId: `layer ${i + 1}`, root: path, opaque: false, attributes: true }));
}

function files(
  layers: readonly Layer[],
  database: VulnerabilityDatabase | undefined,
): {
  readonly files: ImageFiles;
  readonly accounts: readonly Account[] | null;
  readonly incomplete: string | null;
  readonly vulnerabilities: ImageAuditFacts['vulnerabilities'];
} {
  if (layers.length === 0)
    return {
      files: NO_FILES,
      accounts: null,
      vulnerabilities: null,
      incomplete: 'its files lie in the store of the engine, packed or elsewhere',
    };
  try {
    const accounts = readAccounts(layers.map(({ root }) => root));
    return { ...collectFiles(layers, new Map(), accounts, database), accounts };
  } catch (thrown) {
    const { code = 'an error' } = thrown as NodeJS.ErrnoException;
    return {
      files: NO_FILES,
      accounts: null,
      vulnerabilities: null,
      incomplete: `its files cannot be read (${code}): audit as root`,
    };
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
 * @param root where the engine keeps everything
 * @param database of advisories; undefined: there is none
 */
export function inspectedImage(
  image: Json,
  history: readonly unknown[],
  root: string,
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
    ...files(layersOf(image, root), database),
  };
}
