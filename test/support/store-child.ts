// SPDX-License-Identifier: Apache-2.0
// One change of an image store in a process of its own, which is going to be killed: says when it is ready, begins when it is told to, says
// when it is done.
import { ImageStore } from '../../src/runtime/images/store.ts';

const [, , what = '', first = '', second = ''] = process.argv;
const images = '../../src/runtime/images';
const store = await ImageStore.open();

/** Loads what a change needs, and no more: two hundred of these processes are started. */
const changes: Readonly<Record<string, () => Promise<() => Promise<unknown>>>> = {
  async build() {
    const { buildImage } = await import('../../src/runtime/build/build.ts');
    const { buildRequest } = await import('./build-request.ts');
    const request = await buildRequest(first, second);
    return () => buildImage(store, request, () => {});
  },
  async import() {
    const { importImage } = await import(`${images}/import/import.ts`);
    return () => importImage(store, first, { name: second });
  },
  async load() {
    const { loadImages } = await import(`${images}/import/load.ts`);
    return () => loadImages(store, first, { force: true });
  },
  async pull() {
    const { pullImage } = await import(`${images}/import/pull.ts`);
    const { parseReference } = await import(`${images}/reference.ts`);
    return () => pullImage(store, parseReference(first), { env: { HOME: second, DOCKER_CONFIG: second } });
  },
  prune: async () => () => store.prune(),
  rm: async () => () => store.remove([first]),
  async save() {
    const { saveImages } = await import(`${images}/save/save.ts`);
    return () => saveImages(store, [second], { format: 'oci-archive', to: first });
  },
  async tag() {
    const { tagImage } = await import(`${images}/tag.ts`);
    return () => tagImage(store, first, [second]);
  },
};

const change = await changes[what]?.();
process.once('message', async () => {
  await change?.();
  process.send?.('done');
  process.disconnect();
});
process.send?.('ready');
