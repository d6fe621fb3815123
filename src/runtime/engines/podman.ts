// SPDX-License-Identifier: Apache-2.0
// podman and buildah: a drop-in of containers.conf(5). The last one by name counts, so it is last.
import { tomlEngine } from './toml-engine.ts';
import { RUNTIME } from './types.ts';

const ENTRY = ['engine', 'runtimes', RUNTIME];

export const podman = tomlEngine({
  name: 'podman',
  file: '/etc/containers/containers.conf.d/99-secure.conf',
  next: { install: '', undo: '' },
  start: '# Of `secure system install --engine podman`; --undo removes it.\n',
  places: (_, { link }) => ({
    entry: ENTRY,
    makeDefault: ['engine', 'runtime'],
    program: ENTRY,
    keys: [[ENTRY, [link]]],
  }),
});
