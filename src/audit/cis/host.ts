// SPDX-License-Identifier: Apache-2.0
// Section 1: the host. Section 3: files of the daemon.
import { by, type CisRecommendation, type Decider, item, paths, person, unit } from './item.ts';

const watched = (id: string, what: string, ...names: readonly string[]): CisRecommendation =>
  item(id, `Changes of ${what} are recorded`, by('HOST-0029', paths('', ...names)));

export const HOST: readonly CisRecommendation[] = [
  item('1.1.1', 'Containers have a file system of their own', by('HOST-0028')),
  item('1.1.2', 'Only those who are meant to be root control docker', by('HOST-0026')),
  watched('1.1.3', 'the program of the daemon', '/usr/s?bin/dockerd'),
  watched('1.1.4', '/run/containerd', '/run/containerd'),
  watched('1.1.5', '/var/lib/docker', '/var/lib/docker'),
  watched('1.1.6', '/etc/docker', '/etc/docker'),
  watched('1.1.7', 'docker.service', unit('docker.service')),
  watched('1.1.8', "containerd's socket", '/run/(?:docker/)?containerd/containerd.sock'),
  watched('1.1.9', "docker's socket and its unit", unit('docker.socket'), '/run/docker.sock'),
  watched('1.1.10', '/etc/default/docker', '/etc/default/docker'),
  watched('1.1.11', '/etc/docker/daemon.json', '/etc/docker/daemon.json'),
  watched('1.1.12', '/etc/containerd/config.toml', '/etc/containerd/config.toml'),
  watched('1.1.13', '/etc/sysconfig/docker', '/etc/sysconfig/docker'),
  watched('1.1.14', 'the program containerd', '/usr/bin/containerd'),
  watched('1.1.15', 'the program containerd-shim', '/usr/bin/containerd-shim'),
  watched('1.1.16', 'the program containerd-shim-runc-v1', '/usr/bin/containerd-shim-runc-v1'),
  watched('1.1.17', 'the program containerd-shim-runc-v2', '/usr/bin/containerd-shim-runc-v2'),
  watched('1.1.18', 'the program runc', '/usr/s?bin/runc'),
  person(
    '1.2.1',
    'The host is hardened',
    'Whether the baseline that you chose for this host holds. What of it concerns containers the checks SEC-HOST-0001 to 0023 look at; a whole baseline they are not.',
  ),
  item('1.2.2', 'The version of docker gets its fixes', by('ENGINE-0006')),
];

/** The same of a user who runs docker without root, below his home: what belongs to him there. */
const theirs = (names: readonly string[]) => ({
  owner: by('HOST-0096', paths('(?: group)?', ...names)),
  mode: [by('HOST-0096', paths(' mode', ...names)), by('HOST-0097', paths(' mode', ...names))],
});
const home = (path: string): string => `/[^\\n]*/${path}`;
const SOCKET = theirs(['/run/user/\\d+/docker.sock', home('.docker/run/docker.sock')]);
const CONTAINERD = theirs(['/run/user/\\d+/docker/containerd/containerd.sock']);
const UNIT = theirs([home('.config/systemd/user(?:/docker.service(?:.d(?:/[^/]+)?)?)?')]);
const DIRECTORY = theirs([home('.config/docker')]);
const DAEMON_JSON = theirs([home('.config/docker/daemon.json')]);
const CERTIFICATES = theirs([home('.config/(?:docker|containers)/certs.d/\\S+')]);

/** Owner and mode of what lies at `names`: what lets others change it, and what is merely more than the benchmark gives. */
const owner = (id: string, what: string, ...names: readonly string[]): CisRecommendation =>
  item(id, `${what} belongs to root`, by('HOST-0025', paths('', ...names)), by('HOST-0046', paths(' group', ...names)));
const mode = (id: string, what: string, ...names: readonly string[]): CisRecommendation =>
  item(
    id,
    `${what} has no more permissions than it needs`,
    by('HOST-0025', paths(' mode', ...names)),
    by('HOST-0046', paths(' mode', ...names)),
  );
const socketOwner = (id: string, what: string, name: string): CisRecommendation =>
  item(
    id,
    `${what} belongs to whom it has to`,
    by('HOST-0024', paths('(?: group)?', name)),
    by('HOST-0046', paths(' group', name)),
  );
const socketMode = (id: string, what: string, name: string): CisRecommendation =>
  item(id, `${what} is closed to others`, by('HOST-0024', paths(' mode', name)), by('HOST-0046', paths(' mode', name)));

/** A recommendation that more checks decide. */
const and = (one: CisRecommendation, ...more: readonly Decider[]): CisRecommendation => ({
  ...one,
  decided: [...one.decided, ...more],
});

export const FILES: readonly CisRecommendation[] = [
  and(owner('3.1', 'docker.service', unit('docker.service')), UNIT.owner),
  and(mode('3.2', 'docker.service', unit('docker.service')), ...UNIT.mode),
  owner('3.3', 'docker.socket', unit('docker.socket')),
  mode('3.4', 'docker.socket', unit('docker.socket')),
  and(owner('3.5', '/etc/docker', '/etc/docker'), DIRECTORY.owner),
  and(mode('3.6', '/etc/docker', '/etc/docker'), ...DIRECTORY.mode),
  and(item('3.7', 'Certificates of registries belong to root', by('HOST-0047', /^\S+$/)), CERTIFICATES.owner),
  and(item('3.8', 'Nobody writes certificates of registries', by('HOST-0047', / mode$/)), ...CERTIFICATES.mode),
  item('3.9', "The authority of docker's clients belongs to root", by('HOST-0048', /^tlscacert(?: ~.+)?$/)),
  item('3.10', "Nobody writes the authority of docker's clients", by('HOST-0048', /^tlscacert mode(?: ~.+)?$/)),
  item('3.11', "The daemon's certificate belongs to root", by('HOST-0048', /^tlscert(?: ~.+)?$/)),
  item('3.12', "Nobody writes the daemon's certificate", by('HOST-0048', /^tlscert mode(?: ~.+)?$/)),
  item('3.13', "The daemon's key belongs to root", by('HOST-0048', /^tlskey(?: ~.+)?$/)),
  item('3.14', "Nobody else reads the daemon's key", by('HOST-0048', /^tlskey mode(?: ~.+)?$/)),
  and(socketOwner('3.15', "docker's socket", '/run/docker.sock'), SOCKET.owner),
  and(socketMode('3.16', "docker's socket", '/run/docker.sock'), ...SOCKET.mode),
  and(owner('3.17', 'daemon.json', '/etc/docker/daemon.json'), DAEMON_JSON.owner),
  and(mode('3.18', 'daemon.json', '/etc/docker/daemon.json'), ...DAEMON_JSON.mode),
  owner('3.19', '/etc/default/docker', '/etc/default/docker'),
  mode('3.20', '/etc/default/docker', '/etc/default/docker'),
  mode('3.21', '/etc/sysconfig/docker', '/etc/sysconfig/docker'),
  owner('3.22', '/etc/sysconfig/docker', '/etc/sysconfig/docker'),
  and(socketOwner('3.23', "containerd's socket", '/run/(?:docker/)?containerd/containerd.sock'), CONTAINERD.owner),
  and(socketMode('3.24', "containerd's socket", '/run/(?:docker/)?containerd/containerd.sock'), ...CONTAINERD.mode),
];
