// SPDX-License-Identifier: Apache-2.0
// A user with engines of his own, well configured: every check passes. Examples of checks are made of him.
import type { Helper, RootlessFacts, RootlessUser } from './rootless.ts';
import type { FileFact, FileType } from './tree.ts';

const HOME = '/home/alice';
const at = (logical: string) => ({ logical, path: logical.slice(1) });
const daemon = (value: unknown) => ({ value, location: at(`${HOME}/.config/docker/daemon.json`) });
const own = (mode: number, type: FileType = 'file', gid = 1000): FileFact => ({ type, mode, uid: 1000, gid });

export const ALICE: RootlessUser = {
  ...{ name: 'alice', uid: 1000, gid: 1000, home: HOME, ownGroup: true },
  files: {
    [`${HOME}/.config/docker`]: own(0o755, 'directory'),
    [`${HOME}/.config/docker/daemon.json`]: own(0o644),
    [`${HOME}/.config/docker/certs.d/registry.example/ca.crt`]: own(0o644),
    [`${HOME}/.config/docker/ca.pem`]: own(0o444),
    [`${HOME}/.config/docker/cert.pem`]: own(0o444),
    [`${HOME}/.config/docker/key.pem`]: own(0o400),
    [`${HOME}/.config/systemd/user`]: own(0o755, 'directory'),
    [`${HOME}/.config/systemd/user/docker.service`]: own(0o644),
    [`${HOME}/.config/containers/policy.json`]: own(0o644),
    [`${HOME}/.local/share/docker`]: own(0o710, 'directory'),
    [`${HOME}/.local/share/containers`]: own(0o700, 'directory'),
    '/run/user/1000': own(0o700, 'directory'),
    // rootlesskit makes the first group of his own range that of docker, and the sticky bit keeps cleaners of /run away.
    '/run/user/1000/docker.sock': own(0o1660, 'socket', 100_997),
    '/run/user/1000/docker/containerd/containerd.sock': own(0o1660, 'socket'),
    '/run/user/1000/podman/podman.sock': own(0o600, 'socket'),
  },
  unseen: [],
  docker: {
    program: `${HOME}/.config/systemd/user/docker.service`,
    config: `${HOME}/.config/docker/daemon.json`,
    problem: null,
    settings: {
      icc: daemon(false),
      tlsverify: daemon(true),
      tlscacert: daemon(`${HOME}/.config/docker/ca.pem`),
      tlscert: daemon(`${HOME}/.config/docker/cert.pem`),
      tlskey: daemon(`${HOME}/.config/docker/key.pem`),
      'log-level': daemon('info'),
      'no-new-privileges': daemon(true),
      'log-opts': daemon({ 'max-size': '10m', 'max-file': '3' }),
      'default-ulimits': daemon({ nofile: { Name: 'nofile', Soft: 1024, Hard: 65536 } }),
    },
  },
  network: {
    place: `${HOME}/.config/systemd/user/docker.service`,
    ...{ driver: 'slirp4netns', portDriver: 'slirp4netns', sandbox: true, seccomp: true, hostLoopback: false },
  },
  podman: { installed: true, settings: {}, insecure: [], problem: null },
  trust: { podman: 'reject', problem: null },
  lingers: true,
  controllers: ['cpuset', 'cpu', 'io', 'memory', 'pids'],
};

const helper = (): Helper => ({ type: 'file', mode: 0o4755, uid: 0, gid: 0, capabilities: [] });

export const exampleRootless: RootlessFacts = {
  users: [ALICE],
  problem: null,
  helpers: { '/usr/bin/newuidmap': helper(), '/usr/bin/newgidmap': helper() },
};
