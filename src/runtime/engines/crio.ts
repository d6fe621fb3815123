// SPDX-License-Identifier: Apache-2.0
// CRI-O: a drop-in of crio.conf(5), `[crio.runtime.runtimes.NAME]`. The last one by name counts, so it is last.
import { tomlEngine } from './toml-engine.ts';
import { RUNTIME } from './types.ts';

const ENTRY = ['crio', 'runtime', 'runtimes', RUNTIME];

export const crio = tomlEngine({
  name: 'crio',
  file: '/etc/crio/crio.conf.d/99-secure.conf',
  next: { install: 'systemctl restart crio', undo: 'systemctl restart crio' },
  start: '# Of `secure system install --engine crio`; --undo removes it.\n',
  places: (_, { link }) => ({
    entry: ENTRY,
    makeDefault: ['crio', 'runtime', 'default_runtime'],
    program: [...ENTRY, 'runtime_path'],
    keys: [
      [[...ENTRY, 'runtime_path'], link],
      [[...ENTRY, 'runtime_type'], 'oci'],
      [[...ENTRY, 'runtime_root'], '/run/secure-crio'],
    ],
  }),
});
