// SPDX-License-Identifier: Apache-2.0
// Where docker and podman keep the layers of an image with the driver vfs: each as a whole tree. Neither says it, so it is looked up in what
// they write for themselves; names in there are numbers, and nothing else is taken for one.
import { createHash } from 'node:crypto';
import { list, object, text, texts } from '../container/json.ts';
import { Tree } from '../host/tree.ts';

type Json = Readonly<Record<string, unknown>>;

const ID = /^[0-9a-f]{64}$/;
const DIFF_ID = /^sha256:[0-9a-f]{64}$/;
const MOST_LAYERS = 500;

/** The id of a chain of layers: https://github.com/opencontainers/image-spec/blob/main/config.md#layer-chainid */
function chainIds(diffIds: readonly string[]): string[] {
  let chain = '';
  return diffIds.map((diffId) => {
    chain = chain === '' ? diffId : `sha256:${createHash('sha256').update(`${chain} ${diffId}`).digest('hex')}`;
    return chain;
  });
}

/** docker: layerdb names the directory of each chain. */
function ofDocker(tree: Tree, root: string, diffIds: readonly string[]): string[] | undefined {
  const directories = chainIds(diffIds).map((chain) => {
    const id = tree.text(`${root}/image/vfs/layerdb/sha256/${chain.slice('sha256:'.length)}/cache-id`) ?? '';
    return ID.test(id) ? `${root}/vfs/dir/${id}` : undefined;
  });
  return directories.every((one) => one !== undefined) ? directories : undefined;
}

function parsed(tree: Tree, path: string): readonly unknown[] {
  try {
    return list(JSON.parse(tree.text(path) ?? ''));
  } catch {
    return [];
  }
}

/** podman: the image names its highest layer, and each layer the one below. */
function ofPodman(tree: Tree, root: string, image: string, diffIds: readonly string[]): string[] | undefined {
  const found = parsed(tree, `${root}/vfs-images/images.json`)
    .map(object)
    .find(({ id }) => id === image);
  const layers = new Map(
    parsed(tree, `${root}/vfs-layers/layers.json`).map((one) => [text(object(one).id), object(one)]),
  );
  const directories: string[] = [];
  for (let id = text(found?.layer); id !== ''; id = text(layers.get(id)?.parent)) {
    const layer = layers.get(id);
    const diffId = diffIds[diffIds.length - 1 - directories.length];
    // What is there has to be what the image is made of.
    if (!ID.test(id) || layer === undefined || text(layer['diff-digest']) !== diffId) return undefined;
    directories.unshift(`${root}/vfs/dir/${id}`);
  }
  return directories.length === diffIds.length ? directories : undefined;
}

/**
 * Directories, lowest first, of an image that root's engine keeps below `root`; undefined: they are not where they should be.
 * @param image what the engine says of it
 */
export function vfsDirectories(engine: 'docker' | 'podman', image: Json, root: string): string[] | undefined {
  const diffIds = texts(object(image.RootFS).Layers);
  if (diffIds.length === 0 || diffIds.length > MOST_LAYERS || !diffIds.every((id) => DIFF_ID.test(id)))
    return undefined;
  const tree = new Tree('/');
  try {
    const directories =
      engine === 'docker'
        ? ofDocker(tree, root, diffIds)
        : ofPodman(tree, root, text(image.Id).replace(/^sha256:/, ''), diffIds);
    return directories?.every((path) => tree.stat(path)?.type === 'directory') === true ? directories : undefined;
  } finally {
    tree.close();
  }
}
