// SPDX-License-Identifier: Apache-2.0
// A service as rules see it: schemas/inputs/compose.schema.json. What is left out is '', [] or {}, and what is not known before it is deployed is null.
import type { Tree } from '../yaml/tree.ts';
import { pairs } from './merge.ts';
import { mountsOf } from './mounts.ts';
import { portsOf } from './ports.ts';
import { bytesOf, flagOf, numberOf, textOf, textsOf } from './values.ts';

/** Keys that the facts tell of, or that say nothing about what a container may do. */
const KNOWN = new Set([
  ...[
    'annotations',
    'blkio_config',
    'build',
    'cap_add',
    'cap_drop',
    'cgroup',
    'cgroup_parent',
    'command',
    'configs',
    'container_name',
  ],
  ...[
    'cpu_count',
    'cpu_percent',
    'cpu_period',
    'cpu_quota',
    'cpu_rt_period',
    'cpu_rt_runtime',
    'cpu_shares',
    'cpus',
    'cpuset',
  ],
  ...[
    'depends_on',
    'deploy',
    'develop',
    'device_cgroup_rules',
    'devices',
    'dns',
    'dns_opt',
    'dns_search',
    'domainname',
    'entrypoint',
    'env_file',
  ],
  ...[
    'environment',
    'expose',
    'extends',
    'external_links',
    'extra_hosts',
    'group_add',
    'healthcheck',
    'hostname',
    'image',
    'init',
    'ipc',
  ],
  ...[
    'isolation',
    'labels',
    'label_file',
    'links',
    'logging',
    'mac_address',
    'mem_limit',
    'mem_reservation',
    'mem_swappiness',
    'memswap_limit',
  ],
  ...[
    'network_mode',
    'networks',
    'oom_kill_disable',
    'oom_score_adj',
    'pid',
    'pids_limit',
    'platform',
    'ports',
    'privileged',
    'profiles',
  ],
  ...[
    'pull_policy',
    'read_only',
    'restart',
    'runtime',
    'scale',
    'secrets',
    'security_opt',
    'shm_size',
    'stdin_open',
    'stop_grace_period',
  ],
  ...[
    'stop_signal',
    'storage_opt',
    'sysctls',
    'tmpfs',
    'tty',
    'ulimits',
    'use_api_socket',
    'user',
    'userns_mode',
    'uts',
    'volumes',
    'volumes_from',
  ],
  'working_dir',
]);

/** A mapping, or a list of NAME=VALUE; a name without a value has the caller's: `${NAME}`. */
function mapOf(node: Tree): Record<string, string> {
  const tree = node.with(pairs(node.value));
  return Object.fromEntries(
    tree.keys.map((name) => [name, tree.get(name).present ? textOf(tree.get(name)) : `\${${name}}`]),
  );
}

/** Names of networks, secrets and the like, in a list or as keys. */
const namesOf = (node: Tree): string[] =>
  Array.isArray(node.value)
    ? node.items.map((item) => (typeof item.value === 'string' ? item.text : textOf(item.get('source'))))
    : node.keys;

function ulimits(node: Tree) {
  return Object.fromEntries(
    node.keys.map((name) => {
      const one = node.get(name);
      const single = typeof one.value === 'object' ? undefined : numberOf(one);
      return [
        name,
        single === undefined
          ? { soft: numberOf(one.get('soft')), hard: numberOf(one.get('hard')) }
          : { soft: single, hard: single },
      ];
    }),
  );
}

function buildOf(node: Tree) {
  const short = typeof node.value === 'string';
  return short ? { ...built(node.with({})), built: true, context: node.text } : built(node);
}

function built(node: Tree) {
  return {
    built: node.present,
    context: textOf(node.get('context')),
    dockerfile: textOf(node.get('dockerfile')),
    target: textOf(node.get('target')),
    network: textOf(node.get('network')),
    privileged: flagOf(node.get('privileged')),
    entitlements: textsOf(node.get('entitlements')),
    args: mapOf(node.get('args')),
  };
}

function devicesOf(node: Tree) {
  return node.items.map((item) => {
    if (typeof item.value !== 'string')
      return {
        source: textOf(item.get('source')),
        target: textOf(item.get('target')),
        permissions: textOf(item.get('permissions')),
      };
    const [source = '', target = source, permissions = 'rwm'] = item.value.split(':');
    return { source, target, permissions };
  });
}

function confinement(service: Tree) {
  return {
    user: textOf(service.get('user')),
    groupAdd: textsOf(service.get('group_add')),
    privileged: flagOf(service.get('privileged')),
    readOnly: flagOf(service.get('read_only')),
    capabilities: { add: textsOf(service.get('cap_add')), drop: textsOf(service.get('cap_drop')) },
    securityOpt: textsOf(service.get('security_opt')),
    networkMode: textOf(service.get('network_mode')),
    pid: textOf(service.get('pid')),
    ipc: textOf(service.get('ipc')),
    uts: textOf(service.get('uts')),
    userns: textOf(service.get('userns_mode')),
    cgroup: textOf(service.get('cgroup')),
    cgroupParent: textOf(service.get('cgroup_parent')),
    runtime: textOf(service.get('runtime')),
    devices: devicesOf(service.get('devices')),
    deviceCgroupRules: textsOf(service.get('device_cgroup_rules')),
    apiSocket: flagOf(service.get('use_api_socket')),
    sysctls: mapOf(service.get('sysctls')),
  };
}

function limits(service: Tree) {
  const deployed = service.get('deploy').get('resources').get('limits');
  return {
    memory: bytesOf(service.get('mem_limit')) ?? bytesOf(deployed.get('memory')),
    cpus: numberOf(service.get('cpus')) ?? numberOf(deployed.get('cpus')),
    pids: numberOf(service.get('pids_limit')) ?? numberOf(deployed.get('pids')),
    ulimits: ulimits(service.get('ulimits')),
    oomKillDisable: flagOf(service.get('oom_kill_disable')),
  };
}

/** @param volumes the section of the file */
export function serviceFacts(service: Tree, volumes: Tree) {
  const health = service.get('healthcheck');
  return {
    image: textOf(service.get('image')),
    build: buildOf(service.get('build')),
    command: textsOf(service.get('command')),
    entrypoint: textsOf(service.get('entrypoint')),
    ...confinement(service),
    ...limits(service),
    ports: portsOf(service.get('ports')),
    mounts: mountsOf(service.get('volumes'), volumes),
    volumesFrom: textsOf(service.get('volumes_from')),
    tmpfs: textsOf(service.get('tmpfs')),
    environment: mapOf(service.get('environment')),
    envFiles:
      typeof service.get('env_file').value === 'string'
        ? [service.get('env_file').text]
        : service
            .get('env_file')
            .items.map((item) => (typeof item.value === 'string' ? item.text : textOf(item.get('path')))),
    labels: mapOf(service.get('labels')),
    networks: namesOf(service.get('networks')),
    secrets: namesOf(service.get('secrets')),
    configs: namesOf(service.get('configs')),
    extraHosts: Array.isArray(service.get('extra_hosts').value)
      ? textsOf(service.get('extra_hosts'))
      : Object.entries(mapOf(service.get('extra_hosts'))).map(([name, address]) => `${name}:${address}`),
    restart: textOf(service.get('restart')),
    healthcheck: { test: textsOf(health.get('test')), disabled: flagOf(health.get('disable')) },
    profiles: textsOf(service.get('profiles')),
    platform: textOf(service.get('platform')),
    other: service.keys.filter((name) => !KNOWN.has(name) && !name.startsWith('x-')),
  };
}
