// SPDX-License-Identifier: Apache-2.0
// What lies in the homes of users who run engines without root, of the two machines of whole-hosts.ts.
import type { HostFile, HostTree } from './whole-hosts.ts';

const ALICE = '/home/alice';
const GUEST = '/home/guest';
const RUN = '/run/user/1000';
const file = (is: string, mode = 0o644, id = 1000): HostFile => ({ is, mode, uid: id, gid: id });
const directory = (mode = 0o755, id = 1000): HostFile => ({ is: { kind: 'directory' }, mode, uid: id, gid: id });
const socket = (mode: number, gid: number): HostFile => ({ is: { kind: 'socket' }, mode, uid: 1000, gid });
const unit = (...environment: readonly string[]): string =>
  ['[Service]', ...environment.map((one) => `Environment=DOCKERD_ROOTLESS_ROOTLESSKIT_${one}`)]
    .concat('ExecStart=/usr/bin/dockerd-rootless.sh', 'KillMode=mixed', '')
    .join('\n');

/** alice has docker and podman, and has set them up with care. */
export const CAREFUL_USERS: HostTree = {
  [ALICE]: directory(0o700),
  [`${ALICE}/.config/docker`]: directory(),
  [`${ALICE}/.config/docker/daemon.json`]: file(
    JSON.stringify({
      icc: false,
      'no-new-privileges': true,
      'log-opts': { 'max-size': '10m', 'max-file': '3' },
      'default-ulimits': { nofile: { Name: 'nofile', Soft: 1024, Hard: 65_536 } },
    }),
  ),
  [`${ALICE}/.config/systemd/user/docker.service`]: file(unit()),
  [`${ALICE}/.config/systemd/user/docker.service.d`]: directory(),
  [`${ALICE}/.config/systemd/user/docker.service.d/override.conf`]: file(
    '[Service]\nEnvironment="DOCKERD_ROOTLESS_ROOTLESSKIT_PORT_DRIVER=slirp4netns"\n',
  ),
  [`${ALICE}/.config/systemd/user`]: directory(),
  [`${ALICE}/.local/share/docker`]: directory(0o710),
  [`${ALICE}/.config/containers/policy.json`]: file('{"default": [{"type": "reject"}]}'),
  [`${ALICE}/.config/containers`]: directory(),
  [`${ALICE}/.local/share/containers`]: directory(0o700),
  [RUN]: directory(0o700),
  [`${RUN}/docker.sock`]: socket(0o1660, 100_997),
  [`${RUN}/podman`]: directory(0o700),
  [`${RUN}/podman/podman.sock`]: socket(0o600, 1000),
  '/usr/bin/newuidmap': { is: '\x7fELF', mode: 0o4755 },
  '/usr/bin/newgidmap': { is: '\x7fELF', mode: 0o4755 },
  '/var/lib/systemd/linger/alice': { is: '' },
  '/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/cgroup.controllers': {
    is: 'cpuset cpu io memory pids\n',
  },
};

/** alice and guest have set theirs up with nothing in mind, and others reach what is theirs. */
export const CARELESS_USERS: HostTree = {
  [ALICE]: directory(0o755),
  [`${ALICE}/.config/docker`]: directory(0o775),
  [`${ALICE}/.config/docker/daemon.json`]: file('{"insecure-registries": ["registry.example:5000"]}', 0o666),
  [`${ALICE}/.config/docker/certs.d/registry.example/client.key`]: file('', 0o644, 1002),
  [`${ALICE}/.config/systemd/user/docker.service`]: file(
    unit('SLIRP4NETNS_SANDBOX=false', '"SLIRP4NETNS_SECCOMP=false"', 'DISABLE_HOST_LOOPBACK=false'),
    0o644,
    1002,
  ),
  [`${ALICE}/.local/share/docker`]: directory(0o755),
  [RUN]: directory(0o755),
  [`${RUN}/docker.sock`]: socket(0o666, 998),
  [GUEST]: directory(0o755, 1002),
  [`${GUEST}/.local/share/containers`]: directory(0o755, 1002),
  [`${GUEST}/.config/containers/containers.conf`]: file(
    '[containers]\nseccomp_profile = "unconfined"\n[engine]\nnetwork_cmd_options = ["allow_host_loopback=true"]\n',
    0o644,
    1002,
  ),
  [`${GUEST}/.config/containers/registries.conf`]: file(
    '[[registry]]\nlocation = "registry.example"\ninsecure = true\n',
    0o644,
    1002,
  ),
  [`${GUEST}/.config/containers/policy.json`]: file('{"default": [{"type": "insecureAcceptAnything"}]}', 0o644, 1002),
  '/usr/bin/newuidmap': { is: '\x7fELF', mode: 0o755 },
  '/usr/bin/newgidmap': { is: '\x7fELF', mode: 0o4777 },
  '/var/lib/systemd/linger': { is: { kind: 'directory' }, mode: 0o755 },
};
