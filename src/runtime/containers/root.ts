// SPDX-License-Identifier: Apache-2.0
// Where the root file system of a container is: its layers, and what it wrote itself.
import { closeSync, constants, openSync } from 'node:fs';
import { join } from 'node:path';
import { ExitCode, SecureError } from '../../errors.ts';
import type { LayerMember } from '../images/layer/archive.ts';
import type { Tree } from '../images/layer/tree.ts';
import { relativePaths, upperMembers } from '../images/layer/upper.ts';
import { type Container, type ContainerConfig, readConfig } from './containers.ts';

export interface ContainerRoot {
  /** Owners in it are those of the container's range. */
  readonly upper: string;
  /** Lowest first. */
  readonly layers: readonly string[];
  /** Absolute: where something is mounted, what is there in `upper` the runtime has made. */
  readonly mountPoints: ReadonlySet<string>;
  /** The host's id of its root; undefined: it has no user namespace. */
  readonly first: number | undefined;
  readonly config: ContainerConfig;
}

interface Rooted extends ContainerConfig {
  readonly secure?: ContainerConfig['secure'] & { readonly upperDir?: unknown };
  readonly linux?: { readonly uidMappings?: readonly unknown[] };
}

/** @throws SecureError STORE_CORRUPT */
export async function rootOf(container: Container): Promise<ContainerRoot> {
  const config = (await readConfig(container)) as Rooted | undefined;
  const { upperDir, layers = [] } = config?.secure ?? {};
  if (config === undefined || typeof upperDir !== 'string' || upperDir !== join(container.bundle, 'upper')) {
    throw new SecureError(
      'STORE_CORRUPT',
      `the record of container ${container.id} does not say where its changes are`,
      { exitCode: ExitCode.findings },
    );
  }
  const mountPoints = new Set((config.mounts ?? []).map(({ destination }) => destination));
  const first = config.linux?.uidMappings === undefined ? undefined : container.rangeStart;
  return { upper: upperDir, layers: layers.map(({ path }) => path), mountPoints, first, config };
}

/**
 * What a container wrote, as the members of a layer on `below`, for as long as `use` takes.
 * @param latest seconds; nothing is dated later (SOURCE_DATE_EPOCH)
 * @throws SecureError as `upperMembers`
 */
export function withWritten<T>(
  { upper, first, mountPoints }: ContainerRoot,
  below: Tree,
  latest: number | undefined,
  use: (members: Iterable<LayerMember>) => Promise<T>,
): Promise<T> {
  const options = { first, mountPoints: relativePaths(mountPoints), below, latest };
  return withDirectory(upper, (fd) => use(upperMembers(fd, options)));
}

/** A directory by descriptor for as long as `use` takes. */
export async function withDirectory<T>(path: string, use: (fd: number) => T | Promise<T>): Promise<T> {
  const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    return await use(fd);
  } finally {
    closeSync(fd);
  }
}
