// SPDX-License-Identifier: Apache-2.0
// A host, an image and a request to plan from; tests change what they are about.
import { SecureError } from '../../../src/errors.ts';
import { type EffectivePolicy, fileIo, loadPolicy, PROFILES } from '../../../src/policies/index.ts';
import { DEFAULT_NETWORK } from '../../../src/runtime/config/network.ts';
import { createPlan, type Plan } from '../../../src/runtime/plan/plan.ts';
import type { HostFacts, ImageFacts, NetworkSettings, Reason, RunRequest } from '../../../src/runtime/plan/types.ts';

export const HOST: HostFacts = {
  euid: 0,
  kernelRelease: '6.18.0',
  bootId: '00000000-0000-0000-0000-000000000000',
  architecture: 'x86_64',
  landlockAbi: 7,
  seccomp: true,
  lsms: ['capability', 'landlock', 'bpf'],
  appArmorEnforcing: false,
  seLinuxEnforcing: false,
  appArmorParser: '',
  appArmorMqueue: false,
  seLinuxDomain: '',
  cgroup: { mode: 'hybrid', controllers: ['cpu', 'cpuset', 'devices', 'memory', 'pids'], swapAccounting: true },
  userNamespaces: true,
  ipv6: true,
  resolver: { nameservers: ['192.0.2.53'], search: ['corp.example'], options: ['ndots:2'] },
  lastCap: 40,
  capabilities: [],
  cpus: 2,
  memoryTotal: 8 * 2 ** 30,
  rlimits: { RLIMIT_NOFILE: { soft: 524_288, hard: 524_288 }, RLIMIT_CORE: { soft: 0, hard: -1 } },
};

export const PASSWD = [
  'root:x:0:0:root:/root:/bin/sh',
  'daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin',
  'toor:x:0:0::/:/bin/sh',
  '1000:x:0:0:named like a number:/:/bin/sh',
  '0x1:x:0:0::/:/bin/sh',
  'app:x:1000:1000:,,,:/home/app:/bin/sh',
  'big:x:70000:70000::/:/bin/sh',
  'odd:x:-1:5::/:/bin/sh',
  'short:x:5',
  '',
].join('\n');
export const GROUP = [
  'root:x:0:app',
  'daemon:x:1:',
  'app:x:1000:',
  'data:x:2000:app,daemon',
  'wheel:x:10:app',
  '',
].join('\n');

export const IMAGE: ImageFacts = {
  reference: 'localhost/app:latest',
  digest: `sha256:${'a'.repeat(64)}`,
  configDigest: `sha256:${'b'.repeat(64)}`,
  origin: 'built',
  architecture: 'amd64',
  os: 'linux',
  config: {
    user: '',
    env: ['PATH=/usr/bin:/bin'],
    entrypoint: [],
    cmd: ['/bin/sh'],
    workingDir: '',
    volumes: [],
    exposedPorts: [],
    labels: {},
  },
  layers: [{ diffId: `sha256:${'c'.repeat(64)}`, path: `/var/lib/secure/layers/${'c'.repeat(64)}/root` }],
  passwd: PASSWD,
  group: GROUP,
};

export const REQUEST: RunRequest = {
  image: 'busybox',
  args: [],
  detach: false,
  tty: false,
  interactive: false,
  remove: false,
  env: [],
  groupAdd: [],
  volumes: [],
  tmpfs: [],
  capAdd: [],
  capDrop: [],
  securityOpt: [],
  privileged: false,
  publish: [],
  publishAll: false,
  dns: [],
  dnsSearch: [],
  dnsOptions: [],
  addHosts: [],
  extraCas: [],
  limits: { ulimits: [] },
  trust: false,
  enforcement: 'required',
};

export type Profile = (typeof PROFILES)[number];
const loaded = await Promise.all(PROFILES.map(async (name) => [name, await loadPolicy(name, fileIo([]))] as const));
export const POLICIES = Object.fromEntries(loaded) as Readonly<Record<Profile, EffectivePolicy>>;

export interface Changes {
  readonly request?: Partial<RunRequest>;
  readonly image?: Partial<Omit<ImageFacts, 'config'>>;
  readonly config?: Partial<ImageFacts['config']>;
  readonly host?: Partial<HostFacts>;
  readonly policy?: EffectivePolicy;
  readonly roots?: { state: string; run: string };
  readonly network?: Partial<NetworkSettings>;
}

export function plan(profile: Profile, { request, image, config, host, policy, roots, network }: Changes = {}): Plan {
  return createPlan({
    request: { ...REQUEST, ...request },
    image: { ...IMAGE, ...image, config: { ...IMAGE.config, ...config } },
    policy: policy ?? POLICIES[profile],
    host: { ...HOST, ...host },
    network: { ...DEFAULT_NETWORK, ...network },
    roots: roots ?? { state: '/var/lib/secure', run: '/run/secure' },
    inputs: [],
  });
}

/** The code that planning ends with; `planned` when it does not. */
export function outcome(profile: Profile, changes: Changes): string {
  try {
    plan(profile, changes);
    return 'planned';
  } catch (error) {
    if (error instanceof SecureError) return error.code;
    throw error;
  }
}

export function reason(made: Plan, control: string): Reason {
  const found = made.secure.reasons.find((one) => one.control === control);
  if (found === undefined) throw new Error(`no reason for ${control}`);
  return found;
}
