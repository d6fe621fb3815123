// SPDX-License-Identifier: Apache-2.0
import type { RootlessNetwork } from '../../facts/host/rootless.ts';
import { ALICE } from '../../facts/host/rootless-example.ts';
import { problem } from '../../verdicts.ts';
import { fileLocation } from './shared/files.ts';
import { ofUsers, unknownStart, user } from './shared/rootless.ts';
import type { HostCheck } from './shared/sysctl.ts';

const ports = (portDriver: string) => user({ network: { ...(ALICE.network as RootlessNetwork), portDriver } });

export default {
  id: 'SEC-HOST-0101',
  title: 'Containers of docker without root see who calls them',
  severity: 'low',
  target: 'host',
  frameworks: ['NIST-800-190:4.4.2'],
  rationale:
    'The port driver `builtin` of rootlesskit connects to containers itself: every peer has its address. Rules by address, limits for one client and bans of attackers do not work, and logs do not say who it was.',
  remediation:
    "Set Environment=DOCKERD_ROOTLESS_ROOTLESSKIT_PORT_DRIVER=slirp4netns with 'systemctl --user edit docker' (or NET=pasta with PORT_DRIVER=implicit), then 'systemctl --user restart docker'. It is slower; behind a proxy that passes the address on it is not needed.",
  references: ['https://docs.docker.com/engine/security/rootless/troubleshoot/#networking-errors'],
  examples: [{ good: ports('slirp4netns'), bad: ports('builtin') }],
  check: (facts) =>
    ofUsers(facts, (one) => {
      const { name, docker, network } = one;
      if (docker === null) return [];
      if (network === null) return unknownStart(one);
      return network.portDriver === 'builtin'
        ? [problem(name, `docker of ${name} has the port driver builtin`, fileLocation(network.place))]
        : [];
    }),
} satisfies HostCheck;
