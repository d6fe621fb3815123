// SPDX-License-Identifier: Apache-2.0
// The configuration of an engine as rules see it: schemas/inputs/engine.schema.json. What a file does not say is '', [] or null.
import type { Subject } from '../../policies/rules/evaluate.ts';
import { list, object, text, texts } from './container/json.ts';

export const ENGINES = ['docker', 'podman', 'containerd', 'crio'] as const;
export type EngineName = (typeof ENGINES)[number];
type Json = Readonly<Record<string, unknown>>;

const isTable = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Files that are read one after the other: tables are put together, everything else is replaced. */
export function mergedConfig(base: Json, more: Json): Json {
  const merged: Record<string, unknown> = { ...base };
  for (const [name, value] of Object.entries(more)) {
    const before = Object.hasOwn(merged, name) ? merged[name] : undefined;
    merged[name] = isTable(before) && isTable(value) ? mergedConfig(before, value) : value;
  }
  return merged;
}

const flag = (value: unknown): boolean | null => (typeof value === 'boolean' ? value : null);
const at = (config: Json, ...path: readonly string[]): unknown =>
  path.reduce<unknown>((node, name) => (isTable(node) && Object.hasOwn(node, name) ? node[name] : undefined), config);
const programs = (value: unknown, pathOf: (runtime: unknown) => string): Record<string, string> =>
  Object.fromEntries(Object.entries(object(value)).map(([name, runtime]) => [name, pathOf(runtime)]));

const NOTHING = {
  ...{ defaultRuntime: '', seccompProfile: '', userNamespace: '' },
  ...{ noNewPrivileges: null, interContainer: null, selinux: null, liveRestore: null },
  ...{ listen: [] as string[], insecureRegistries: [] as string[], capabilities: [] as string[] },
  runtimes: {} as Record<string, string>,
};
type Facts = {
  -readonly [K in keyof typeof NOTHING]: (typeof NOTHING)[K] extends null ? boolean | null : (typeof NOTHING)[K];
};

/** containerd has its settings for Kubernetes below the name of the plugin, which has changed between versions. */
const CRI = ['io.containerd.grpc.v1.cri', 'io.containerd.cri.v1.runtime'];

const READ: Readonly<Record<EngineName, (config: Json) => Partial<Facts>>> = {
  docker: (config) => ({
    defaultRuntime: text(config['default-runtime']),
    runtimes: programs(config.runtimes, (runtime) => text(object(runtime).path) || text(object(runtime).runtimeType)),
    seccompProfile: text(config['seccomp-profile']),
    userNamespace: text(config['userns-remap']),
    noNewPrivileges: flag(config['no-new-privileges']),
    interContainer: flag(config.icc),
    selinux: flag(config['selinux-enabled']),
    liveRestore: flag(config['live-restore']),
    listen: [...texts(config.hosts), ...(typeof config.hosts === 'string' ? [config.hosts] : [])],
    insecureRegistries: texts(config['insecure-registries']),
  }),
  podman: (config) => ({
    defaultRuntime: text(at(config, 'engine', 'runtime')),
    runtimes: programs(at(config, 'engine', 'runtimes'), (paths) => texts(paths)[0] ?? ''),
    seccompProfile: text(at(config, 'containers', 'seccomp_profile')),
    userNamespace: text(at(config, 'containers', 'userns')),
    capabilities: texts(at(config, 'containers', 'default_capabilities')),
  }),
  containerd: (config) => {
    const cri = CRI.map((name) => at(config, 'plugins', name)).find(isTable) ?? {};
    const containerd = at(cri, 'containerd');
    return {
      defaultRuntime: text(at(object(containerd), 'default_runtime_name')),
      runtimes: programs(
        at(object(containerd), 'runtimes'),
        (runtime) => text(at(object(runtime), 'options', 'BinaryName')) || text(object(runtime).runtime_type),
      ),
      selinux: flag(object(cri).enable_selinux),
      listen: [text(at(config, 'grpc', 'address'))].filter((address) => address !== ''),
    };
  },
  crio: (config) => ({
    defaultRuntime: text(at(config, 'crio', 'runtime', 'default_runtime')),
    runtimes: programs(at(config, 'crio', 'runtime', 'runtimes'), (runtime) => text(object(runtime).runtime_path)),
    seccompProfile: text(at(config, 'crio', 'runtime', 'seccomp_profile')),
    selinux: flag(at(config, 'crio', 'runtime', 'selinux')),
    capabilities: texts(at(config, 'crio', 'runtime', 'default_capabilities')),
    insecureRegistries: list(at(config, 'crio', 'image', 'insecure_registries')).filter(
      (one): one is string => typeof one === 'string',
    ),
  }),
};

/** @param files those that are there, in the order in which the engine reads them */
export function engineSubject(
  name: EngineName,
  files: readonly { readonly path: string; readonly value: Json }[],
): Subject {
  const config = files.reduce<Json>((whole, { value }) => mergedConfig(whole, value), {});
  const facts = { name, files: files.map(({ path }) => path), ...NOTHING, ...READ[name](config), config };
  const [only, ...more] = files;
  // In a repository it is a file like any other.
  const place = only !== undefined && more.length === 0 ? { file: { path: only.path, line: 1 } } : {};
  return { target: 'engine', name, facts, ...place };
}

export { exampleFacts } from './engine/example.ts';
export type { EngineFacts } from './engine/types.ts';
