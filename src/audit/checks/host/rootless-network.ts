// SPDX-License-Identifier: Apache-2.0
import type { RootlessNetwork, RootlessUser } from '../../facts/host/rootless.ts';
import { ALICE } from '../../facts/host/rootless-example.ts';
import type { Problem } from '../../types.ts';
import { problem, quoted } from '../../verdicts.ts';
import { fileLocation } from './shared/files.ts';
import { ofUsers, unknownStart, user } from './shared/rootless.ts';
import type { HostCheck } from './shared/sysctl.ts';

const network = (differs: Partial<RootlessNetwork>) =>
  user({ network: { ...(ALICE.network as RootlessNetwork), ...differs } });
const options = (...value: readonly string[]) => {
  const settings = { 'engine.network_cmd_options': { value, file: '/home/alice/.config/containers/containers.conf' } };
  return user({ podman: { installed: true, settings, insecure: [], problem: null } });
};

function flaws(one: RootlessNetwork): string[] {
  if (one.driver === 'host')
    return ['is in the network of the machine: its containers can be, too, and it takes the abstract sockets there'];
  const slirp = ['', 'slirp4netns'].includes(one.driver);
  return [
    ...(one.hostLoopback ? ['lets containers reach what listens on 127.0.0.1 of the machine'] : []),
    ...(slirp && !one.sandbox ? ['has slirp4netns run outside of a sandbox'] : []),
    ...(slirp && !one.seccomp ? ['has slirp4netns run without a filter of system calls'] : []),
  ];
}

/** Options of slirp4netns and pasta that podman is told for every container. */
const WEAK: Readonly<Record<string, string>> = {
  'allow_host_loopback=true': 'containers reach what listens on 127.0.0.1 of the machine',
  'enable_sandbox=false': 'slirp4netns runs outside of a sandbox',
  'enable_seccomp=false': 'slirp4netns runs without a filter of system calls',
  '--map-gw': 'containers reach what listens on 127.0.0.1 of the machine',
};

function ofPodman({ name, podman }: RootlessUser): Problem[] {
  return ['engine.network_cmd_options', 'network.pasta_options'].flatMap((key) => {
    const said = podman?.settings[key];
    if (said === undefined || !Array.isArray(said.value)) return [];
    return said.value
      .map(String)
      .filter((option) => Object.hasOwn(WEAK, option))
      .map((option) =>
        problem(
          `${name} ${option}`,
          `podman of ${name} has ${quoted(option)}: ${WEAK[option]}`,
          fileLocation(said.file),
        ),
      );
  });
}

export default {
  id: 'SEC-HOST-0100',
  title: 'Networks of engines without root are closed towards the machine',
  severity: 'medium',
  target: 'host',
  frameworks: ['NIST-800-190:4.4.2'],
  rationale:
    'A program of the user passes on what containers send. Services on 127.0.0.1 trust whoever reaches them; and that program, slirp4netns, reads packets of containers that may be hostile, as the user and with all his files unless it shuts itself in.',
  remediation:
    "docker: remove DOCKERD_ROOTLESS_ROOTLESSKIT_DISABLE_HOST_LOOPBACK=false, …_SLIRP4NETNS_SANDBOX=false, …_SLIRP4NETNS_SECCOMP=false and --net=host from the unit that is named ('systemctl --user edit docker'), then 'systemctl --user restart docker'. podman: remove the option from the file that is named.",
  references: [
    'https://github.com/rootless-containers/slirp4netns/blob/master/slirp4netns.1.md',
    'https://github.com/rootless-containers/rootlesskit/blob/master/docs/network.md',
  ],
  examples: [
    { good: network({ hostLoopback: false }), bad: network({ hostLoopback: true }) },
    { good: network({ sandbox: true }), bad: network({ sandbox: false }) },
    { good: network({ seccomp: true }), bad: network({ seccomp: false }) },
    { good: network({ driver: 'slirp4netns' }), bad: network({ driver: 'host' }) },
    { good: options('allow_host_loopback=false'), bad: options('allow_host_loopback=true') },
  ],
  check: (facts) =>
    ofUsers(facts, (one) => {
      const { name, docker, network: how, podman } = one;
      const found = [
        ...(how === null
          ? []
          : flaws(how).map((what) => problem(`${name} ${what}`, `docker of ${name} ${what}`, fileLocation(how.place)))),
        ...ofPodman(one),
      ];
      if (found.length > 0) return found;
      if (docker !== null && how === null) return unknownStart(one);
      return podman?.problem ?? found;
    }),
} satisfies HostCheck;
