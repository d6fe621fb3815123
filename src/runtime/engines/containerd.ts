// SPDX-License-Identifier: Apache-2.0
// containerd: its config.toml itself. A drop-in by `imports` would be smaller, but in containerd 1 the section of a
// plugin in it takes the place of the whole section in the main file: the directory of the network plugins, mirrors, everything.
import { SecureError } from '../../errors.ts';
import { type TomlFile, tomlValue } from './toml-edit.ts';
import { tomlEngine, unknownVersion } from './toml-engine.ts';
import { RUNTIME } from './types.ts';

const SHIM = 'io.containerd.runc.v2';
/** The plugin that serves the kubelet, by version of the file. */
const PLUGIN: Readonly<Record<number, string>> = { 2: 'io.containerd.grpc.v1.cri', 3: 'io.containerd.cri.v1.runtime' };

function pluginOf(toml: TomlFile): string {
  const version = tomlValue(toml, ['version']) ?? 1;
  const plugin = typeof version === 'number' ? PLUGIN[version] : undefined;
  if (plugin !== undefined) return plugin;
  throw unknownVersion(
    toml.file,
    version,
    'versions 2 and 3 are; `containerd config migrate` prints the file in a newer one',
  );
}

/** Its cgroup driver has to be the kubelet's, so it is that of the runtime which is the default now. */
function systemdCgroup(toml: TomlFile, section: readonly string[]): boolean {
  const name = tomlValue(toml, [...section, 'default_runtime_name']);
  const usual = typeof name === 'string' && name !== RUNTIME ? name : 'runc';
  return tomlValue(toml, [...section, 'runtimes', usual, 'options', 'SystemdCgroup']) === true;
}

export const containerd = tomlEngine({
  name: 'containerd',
  file: '/etc/containerd/config.toml',
  next: { install: 'systemctl restart containerd', undo: 'systemctl restart containerd' },
  start: 'version = 2\n',
  check(toml) {
    const disabled = tomlValue(toml, ['disabled_plugins']);
    if (!Array.isArray(disabled) || !['cri', pluginOf(toml)].some((name) => disabled.includes(name))) return;
    throw new SecureError(
      'ENGINE_CONFLICT',
      'the plugin that serves the kubelet is disabled, so a runtime would have no effect',
      {
        position: { file: toml.file },
        hint: 'remove it from disabled_plugins; for ctr alone nothing is to be installed: ctr run --runc-binary PATH',
      },
    );
  },
  places(toml, { link }) {
    const plugin = pluginOf(toml);
    const section = ['plugins', plugin, 'containerd'];
    const entry = [...section, 'runtimes', RUNTIME];
    const options = [...entry, 'options'];
    return {
      entry,
      makeDefault: [...section, 'default_runtime_name'],
      // The runtime that is there unasked is so only as long as no runtime is in the file.
      beside: { path: [...section, 'runtimes', 'runc'], value: { runtime_type: SHIM } },
      program: [...options, 'BinaryName'],
      keys: [
        [[...entry, 'runtime_type'], SHIM],
        [[...options, 'BinaryName'], link],
        ...(systemdCgroup(toml, section) ? [[[...options, 'SystemdCgroup'], true] as const] : []),
      ],
    };
  },
});
