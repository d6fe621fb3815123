// SPDX-License-Identifier: Apache-2.0
// The config.json of a bundle (runtime-spec 1.3), whoever wrote it, as a container that does not run. What has another type than the specification
// gives it is an error: a runtime refuses it, and read as "not there" it would pass.
import { ExitCode, SecureError } from '../../errors.ts';
import { CAPABILITIES } from '../../profiles/capabilities/index.ts';
import { type ContainerFacts, collectContainer } from './container.ts';
import { Tree } from './yaml/tree.ts';

type Kind = 'text' | 'texts' | 'boolean' | 'integer';

/** What checks and policies ask for; `*`: each item of a list, or each value of a mapping. */
const TYPES: Readonly<Record<string, Kind>> = {
  ociVersion: 'text',
  'annotations.*': 'text',
  'process.terminal': 'boolean',
  'process.user.gid': 'integer',
  'process.oomScoreAdj': 'integer',
  'process.rlimits.*.soft': 'integer',
  'root.path': 'text',
  'linux.gidMappings.*.containerID': 'integer',
  'linux.gidMappings.*.hostID': 'integer',
  'linux.gidMappings.*.size': 'integer',
  'linux.devices.*.path': 'text',
  'linux.devices.*.type': 'text',
  'linux.devices.*.major': 'integer',
  'linux.devices.*.minor': 'integer',
  'linux.netDevices.*.name': 'text',
  'linux.resources.memory.swap': 'integer',
  'linux.resources.cpu.period': 'integer',
  'linux.resources.unified.*': 'text',
  'process.user.uid': 'integer',
  'process.args': 'texts',
  'process.capabilities.*': 'texts',
  'process.noNewPrivileges': 'boolean',
  'process.apparmorProfile': 'text',
  'process.selinuxLabel': 'text',
  'process.rlimits.*.type': 'text',
  'process.rlimits.*.hard': 'integer',
  'root.readonly': 'boolean',
  'mounts.*.destination': 'text',
  'mounts.*.type': 'text',
  'mounts.*.source': 'text',
  'mounts.*.options': 'texts',
  'linux.namespaces.*.type': 'text',
  'linux.namespaces.*.path': 'text',
  'linux.uidMappings.*.containerID': 'integer',
  'linux.uidMappings.*.hostID': 'integer',
  'linux.uidMappings.*.size': 'integer',
  'linux.seccomp.defaultAction': 'text',
  'linux.maskedPaths': 'texts',
  'linux.readonlyPaths': 'texts',
  'linux.rootfsPropagation': 'text',
  'linux.resources.devices.*.allow': 'boolean',
  'linux.resources.devices.*.type': 'text',
  'linux.resources.devices.*.major': 'integer',
  'linux.resources.devices.*.minor': 'integer',
  'linux.resources.devices.*.access': 'text',
  'linux.resources.memory.limit': 'integer',
  'linux.resources.pids.limit': 'integer',
  'linux.resources.cpu.quota': 'integer',
};

function checkType(node: Tree, kind: Kind): void {
  if (kind === 'text') void node.text;
  else if (kind === 'texts') node.texts();
  else if (kind === 'boolean') void node.boolean;
  // Limits of the kernel go up to 2^64, which a double holds roughly.
  else if (node.present && !Number.isInteger(node.value)) throw node.wrong('a whole number');
}

function walk(node: Tree, [name, ...rest]: readonly string[], kind: Kind): void {
  if (name === undefined) checkType(node, kind);
  else if (name !== '*') walk(node.get(name), rest, kind);
  else if (Array.isArray(node.value)) for (const item of node.items) walk(item, rest, kind);
  else for (const key of node.names) walk(node.get(key), rest, kind);
}

function invalid(path: string, message: string): SecureError {
  return new SecureError('AUDIT_UNREADABLE', `${path}: ${message}`, {
    hint: 'give the config.json of a bundle (runtime-spec 1.3), or its directory',
    exitCode: ExitCode.usage,
    position: { file: path },
  });
}

/** @param config parsed; @param path for errors. @throws SecureError AUDIT_UNREADABLE: a field has another type than the specification gives it */
export function checkBundle(config: unknown, path: string): Tree {
  const tree = new Tree(config, '', (_at, message) => invalid(path, message));
  for (const [place, kind] of Object.entries(TYPES)) walk(tree, place.split('.'), kind);
  if (tree.get('ociVersion').text === '') throw invalid(path, 'it has no ociVersion');
  return tree;
}

/** @param config parsed; @param path for errors. @throws SecureError AUDIT_UNREADABLE */
export function collectBundle(config: unknown, path: string): ContainerFacts {
  const tree = checkBundle(config, path);
  const process = tree.get('process');
  if (!process.present) throw invalid(path, 'it has no process, so nothing can be said about what it would run');
  // Left out they are not dropped: the process keeps what the runtime has.
  const all = { bounding: CAPABILITIES.map((name) => `CAP_${name}`) };
  const held = process.get('capabilities').present
    ? config
    : { ...(config as object), process: { ...(process.value as object), capabilities: all } };
  return collectContainer({ state: { id: '', name: path, status: 'created' }, plan: held });
}
