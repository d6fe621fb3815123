// SPDX-License-Identifier: Apache-2.0
import { chmod, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SecureError } from '../../../errors.ts';
import { publish } from '../import/import.ts';
import { type ImageSettings, prepareRootfs, sourceDateEpoch } from '../import/rootfs.ts';
import type { ImageRecord } from '../records.ts';
import { formatReference, parseNewName } from '../reference.ts';
import { stageSboms } from '../sbom/attach.ts';
import { readInventory } from '../sbom/read.ts';
import { slice } from '../sources/bytes.ts';
import { Stage } from '../stage.ts';
import type { ImageStore } from '../store.ts';
import { type Apt, updateLists } from './apt.ts';
import { runCommand } from './command.ts';
import {
  ADD_USERS,
  DPKG_OPTIONS,
  FINISH_INSTALLED,
  FINISH_MINIMAL,
  MERGED_USR,
  RUN_ADD_USERS,
  USE_LISTS,
} from './hooks.ts';
import { hostSources } from './host-sources.ts';
import { checkPackages, checkSuite } from './packages.ts';
import { atSnapshot, type Snapshot } from './snapshot.ts';
import { duplicateUser, formatUsers, type User, userProblem } from './users.ts';
import type { Variant } from './variant.ts';

export interface BuildOptions {
  readonly packages: readonly string[];
  /** Below `localhost/`. */
  readonly name: string;
  readonly variant?: Variant;
  /** Default: the host's release. */
  readonly suite?: string;
  /** The archives as they were then. */
  readonly snapshot?: Snapshot;
  /** Beside those of the packages. */
  readonly users?: readonly User[];
  readonly settings?: ImageSettings;
}

const HOOKS = '/usr/share/mmdebstrap/hooks/maybe-merged-usr';

function argumentsFor(
  minimal: boolean,
  variant: Variant,
  options: BuildOptions,
  apt: Apt,
  suite: string,
  target: string,
): string[] {
  const stages = minimal
    ? [
        `--setup-hook=${MERGED_USR}`,
        `--extract-hook=${FINISH_MINIMAL}`,
        `--extract-hook=${RUN_ADD_USERS}`,
        '--skip=cleanup',
      ]
    : [`--hook-dir=${HOOKS}`, `--customize-hook=${RUN_ADD_USERS}`, `--customize-hook=${FINISH_INSTALLED}`];
  return [
    '--mode=root',
    `--variant=${minimal ? 'extract' : variant === 'auto' ? 'essential' : variant}`,
    '--format=tar',
    '--skip=update',
    '--skip=output/dev',
    `--include=${options.packages.join(',')}`,
    `--setup-hook=${USE_LISTS}`,
    ...stages,
    ...DPKG_OPTIONS.map((option) => `--dpkgopt=${option}`),
    ...['Apt::Install-Recommends "0"', ...apt.options].map((option) => `--aptopt=${option}`),
    suite,
    target,
    apt.sourcesFile,
  ];
}

/** A sensible command where the image has nothing but a shell. */
function withDefaults({ packages, settings = {} }: BuildOptions): ImageSettings {
  const [only] = packages;
  const command = settings.cmd !== undefined || settings.entrypoint !== undefined;
  if (command || packages.length !== 1 || !only?.startsWith('busybox')) return settings;
  return { ...settings, cmd: ['/bin/busybox', 'sh'] };
}

function check(options: BuildOptions): void {
  checkPackages(options.packages);
  if (options.suite !== undefined) checkSuite(options.suite);
  const users = options.users ?? [];
  const wrong = users.find((user) => userProblem(user) !== undefined) ?? users[duplicateUser(users) ?? -1];
  if (wrong !== undefined) {
    throw new SecureError('INVALID_VALUE', `the user ${JSON.stringify(wrong.name)} is there twice, or is none`, {
      hint: 'each has a name and a uid of its own',
    });
  }
  if (parseNewName(options.name).registry !== 'localhost') {
    throw new SecureError('REFERENCE_INVALID', `an image built here cannot be called ${options.name}`, {
      hint: 'images built here are localhost/NAME; give a name without a registry',
    });
  }
}

/**
 * Build an image of one layer from packages of the host's configured Debian archives. Reproducible: the same packages from
 * the same state of the archives give the same digest. Throws INVALID_VALUE, REFERENCE_INVALID, TOOL_MISSING, BUILD_FAILED, NO_SPACE.
 */
export async function buildDebian(store: ImageStore, options: BuildOptions): Promise<ImageRecord> {
  check(options);
  const { suite, sources: current } = await hostSources(options.suite);
  const sources = options.snapshot === undefined ? current : atSnapshot(current, options.snapshot);
  const onLine = (text: string) => store.onEvent({ type: 'step', text });
  const onToolLine = (line: string) => {
    // Its own account of the stages; hooks, temporary names and the output of package scripts say nothing about progress.
    if (/^(?:I: (?:running apt|downloading|extracting|installing|creating)|[WE]: (?!skipping))/.test(line))
      onLine(line.slice(3));
  };
  // Not below the store: apt downloads as a user of its own, who cannot enter there.
  const work = await mkdtemp(join(tmpdir(), 'secure-debian-'));
  const stage = await Stage.open(store.paths, store.onEvent);
  try {
    await chmod(work, 0o755);
    onLine(`reading the package lists of ${suite}`);
    const apt = await updateLists(work, sources, onToolLine);
    const alone = await apt.standalone(options.packages);
    const variant = options.variant ?? 'auto';
    const minimal = variant === 'minimal' || (variant === 'auto' && alone);
    const target = join(stage.directory, 'rootfs.tar');
    const users = join(work, 'users');
    await writeFile(users, formatUsers(options.users ?? []));
    const addUsers = join(work, 'add-users');
    await writeFile(addUsers, ADD_USERS);
    // Without a wish the date of the archives, so that equal archives give equal images.
    const seconds = sourceDateEpoch() ?? apt.date;
    onLine(`building ${options.name} from ${options.packages.join(', ')} (${minimal ? 'minimal' : 'installed'})`);
    await runCommand({
      program: 'mmdebstrap',
      args: argumentsFor(minimal, variant, options, apt, suite, target),
      env: {
        SOURCE_DATE_EPOCH: String(seconds),
        SECURE_APT_LISTS: apt.lists,
        SECURE_USERS: users,
        SECURE_ADD_USERS: addUsers,
      },
      onLine: onToolLine,
    });
    const tar = await open(target, 'r');
    try {
      const bytes = slice(tar, 0, (await tar.stat()).size);
      const created = new Date(seconds * 1000).toISOString();
      const prepared = await prepareRootfs(stage, bytes, withDefaults(options), created);
      const name = formatReference(parseNewName(options.name));
      const found = readInventory([stage.root(prepared.diffId)]);
      // An image without base-files does not say what it is made from.
      const inventory = { distribution: { id: 'debian', name: `Debian (${suite})` }, ...found };
      const referrers = await stageSboms(stage, prepared.manifest, inventory, { name, created });
      return await publish(store, stage, { ...prepared, referrers }, 'built', options.name);
    } finally {
      await tar.close();
    }
  } finally {
    await stage.close();
    await rm(work, { recursive: true, force: true });
  }
}
