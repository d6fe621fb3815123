// SPDX-License-Identifier: Apache-2.0
// What an image of the store is, without running or changing anything of it.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { lockFile } from '../../runtime/images/lock.ts';
import { JsonObject } from '../../runtime/images/oci/json.ts';
import { readLayer } from '../../runtime/images/read.ts';
import type { ImageStore } from '../../runtime/images/store.ts';
import type { Layer } from '../../runtime/images/walk.ts';
import type { VulnerabilityDatabase } from '../vulnerabilities/database.ts';
import { readAccounts } from './image/accounts.ts';
import { buildDate } from './image/built.ts';
import { collectFiles, notedPath } from './image/files.ts';
import type { ImageAuditFacts } from './image/types.ts';

export type { Account, Cache, FileFact, ImageAuditFacts, ImageFiles, SecretFile } from './image/types.ts';

const HISTORY_LIMIT = 10_000;

/** What `readConfig` leaves out, since no run needs it. */
function readRest(raw: Buffer, reference: string): { healthcheck: boolean; history: string[] } {
  const json = JsonObject.parse(raw, 'CONFIG_CORRUPT', reference);
  const config = json.optionalObject('config');
  const test = config?.optionalObject('Healthcheck');
  return {
    // NONE says that somebody else checks; nothing at all says nothing.
    healthcheck: (test?.strings('Test', HISTORY_LIMIT).length ?? 0) > 0,
    history: json.has('history')
      ? json.objects('history', HISTORY_LIMIT).map((step) => step.string('created_by', ''))
      : [],
  };
}

/**
 * Facts of the image that a text names. Layers that are not unpacked are not looked at, and `incomplete` says so.
 * @param database of advisories; undefined: there is none
 * Throws REFERENCE_INVALID, IMAGE_NOT_FOUND, STORE_CORRUPT, CONFIG_CORRUPT.
 */
export async function collectImage(
  store: ImageStore,
  text: string,
  database?: VulnerabilityDatabase,
): Promise<ImageAuditFacts> {
  // Nothing is removed while it is looked at.
  const lock = await lockFile(store.paths.lock, false);
  try {
    const { record, config, raw } = await store.inspect(text);
    const layers: Layer[] = [];
    const capabilities = new Map<string, ReadonlySet<string>>();
    let missing = 0;
    for (const diffId of config.diffIds) {
      const directory = store.paths.layer(diffId);
      if (!existsSync(directory)) {
        missing += 1;
        continue;
      }
      const extracted: Awaited<ReturnType<typeof readLayer>> & { fileCapabilities?: unknown } = await readLayer(
        store.paths,
        diffId,
      );
      const capable = extracted.fileCapabilities;
      capabilities.set(diffId, new Set(Array.isArray(capable) ? capable.map((path) => notedPath(String(path))) : []));
      layers.push({ diffId, root: join(directory, 'root'), opaque: extracted.opaqueRoot });
    }
    const first = Math.max(
      0,
      layers.findLastIndex(({ opaque }) => opaque),
    );
    const accounts = missing > 0 ? null : readAccounts(layers.slice(first).map(({ root }) => root));
    // Of some layers alone it cannot be said what is installed.
    const asked = missing > 0 ? undefined : database;
    const { files, incomplete, vulnerabilities } = collectFiles(layers, capabilities, accounts, asked);
    const { user, env, entrypoint, cmd, volumes, exposedPorts, labels } = config.config;
    const { healthcheck, history } = readRest(raw.config, record.reference);
    return {
      reference: record.reference,
      digest: record.digest,
      origin: record.origin,
      created: buildDate(config.created),
      collected: new Date().toISOString(),
      config: { user, env, entrypoint, cmd, volumes, exposedPorts, labels, healthcheck },
      history,
      accounts,
      files,
      incomplete: missing > 0 ? `${missing} of ${config.diffIds.length} layers are not unpacked` : incomplete,
      vulnerabilities,
    };
  } finally {
    lock.release();
  }
}

/** A small image that every check likes. */
export const exampleFacts: ImageAuditFacts = {
  reference: 'registry.example/app:1.2',
  digest: 'sha256:24454f830cdb571e2c4ad15481119c43b3cafd48dd869a9b2945d1036d1dc68d',
  origin: 'built',
  created: '2026-05-01T00:00:00Z',
  collected: '2026-06-01T00:00:00Z',
  config: {
    user: '10001:10001',
    env: ['PATH=/usr/bin:/bin'],
    entrypoint: ['/usr/bin/app'],
    cmd: [],
    volumes: ['/data'],
    exposedPorts: ['8080/tcp'],
    labels: { 'org.opencontainers.image.source': 'https://example.com/app' },
    healthcheck: true,
  },
  history: ['COPY app /usr/bin/app # buildkit'],
  accounts: [
    { name: 'root', uid: 0, gid: 0, open: false },
    { name: 'app', uid: 10001, gid: 10001, open: false },
  ],
  files: { setid: [], capable: [], writable: [], secrets: [], caches: [], strangers: [] },
  incomplete: null,
  vulnerabilities: {
    imported: '2026-05-31T00:00:00Z',
    packages: 12,
    found: [],
    uncovered: [],
    unread: [],
    unjudged: [],
    excepted: [],
  },
};
