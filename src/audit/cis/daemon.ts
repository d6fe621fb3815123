// SPDX-License-Identifier: Apache-2.0
// Section 2: the daemon. Section 6: operations. Section 7: swarm.
import { by, type CisRecommendation, item, person } from './item.ts';

export const DAEMON: readonly CisRecommendation[] = [
  item('2.1', 'The daemon does not run as root', by('ENGINE-0001')),
  item('2.2', 'Containers on the default bridge do not reach each other', by('HOST-0030'), by('ENGINE-0005')),
  item('2.3', 'The daemon logs at the level info', by('HOST-0031')),
  item('2.4', 'The daemon maintains its firewall', by('HOST-0032')),
  item('2.5', 'Registries are asked with TLS', by('HOST-0033'), by('ENGINE-0004')),
  item('2.6', 'The storage driver is maintained', by('HOST-0034')),
  item('2.7', 'On a network the daemon asks for certificates', by('HOST-0035')),
  item('2.8', 'Containers have limits by default', by('HOST-0049')),
  item('2.9', 'Root in a container is not root of the host', by('HOST-0036'), by('ENGINE-0002')),
  item('2.10', 'Containers are in the usual control group', by('HOST-0050')),
  item('2.11', 'The base device has its usual size', by('HOST-0051')),
  item('2.12', 'Requests of clients are authorized', by('ENGINE-0018')),
  item('2.13', 'Logs are sent to another machine', by('ENGINE-0019')),
  item('2.14', 'Containers gain no privileges by default', by('HOST-0037')),
  item('2.15', 'Containers outlive a restart of the daemon', by('HOST-0038')),
  item('2.16', 'No proxy runs for each port', by('HOST-0039')),
  item('2.17', 'System calls are filtered by default', by('HOST-0040'), by('ENGINE-0003')),
  item('2.18', 'Nothing experimental is on', by('HOST-0041')),
];

export const OPERATIONS: readonly CisRecommendation[] = [
  item('6.1', 'Few images are kept that nobody uses', by('ENGINE-0016')),
  item('6.2', 'Few containers are kept that do not run', by('ENGINE-0017')),
];

export const SWARM: readonly CisRecommendation[] = [
  item('7.1', 'The swarm has the managers that it needs', by('ENGINE-0008')),
  item('7.2', 'The swarm listens on one address', by('ENGINE-0009')),
  item('7.3', 'Networks between nodes are encrypted', by('ENGINE-0011')),
  item('7.4', 'Services get secrets as secrets', by('ENGINE-0012')),
  item('7.5', 'Managers start locked', by('ENGINE-0013')),
  person(
    '7.6',
    'The key of locked managers is replaced now and then',
    'When the key was replaced for the last time: the swarm does not keep it. See your record of "docker swarm unlock-key --rotate".',
  ),
  item('7.7', 'Certificates of nodes end soon', by('ENGINE-0014')),
  item('7.8', 'The authority of the swarm is replaced', by('ENGINE-0015')),
  item('7.9', 'Managers and containers have different networks', by('ENGINE-0010')),
];
