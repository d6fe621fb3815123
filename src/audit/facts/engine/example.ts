// SPDX-License-Identifier: Apache-2.0
// A docker daemon without root, manager of a swarm of three: every check passes. Examples of checks are merged over it.
import type { EngineFacts } from './types.ts';

const IMAGE = 'sha256:bf151b4c68b301e4560a067e458109b94c8178420ede73b9042ead32484d1852';

export const exampleFacts: EngineFacts = {
  engine: 'docker',
  user: { name: 'alice', uid: 1000 },
  contradictions: [],
  socket: '/run/user/1000/docker.sock',
  collected: '2026-06-01T00:00:00Z',
  problems: {},
  info: {
    version: '29.0.0',
    rootless: true,
    userNamespaces: true,
    seccomp: 'builtin',
    appArmor: true,
    seLinux: false,
    storageDriver: 'overlay2',
    loggingDriver: 'journald',
    root: '/home/alice/.local/share/docker',
    authorization: ['opa'],
    insecureRegistries: ['127.0.0.0/8'],
    limits: ['memory', 'pids', 'cpu'],
  },
  containers: [
    {
      id: 'c09da5391b65df3563fc234b3f7db043a67d744f171b88aa90ecbffe70bbf55a',
      name: 'web',
      running: true,
      image: IMAGE,
    },
  ],
  images: [{ id: IMAGE, tags: ['registry.example/web:1.2'] }],
  networks: [
    { name: 'bridge', driver: 'bridge', encrypted: false, interContainer: false, builtin: true },
    { name: 'services', driver: 'overlay', encrypted: true, interContainer: null, builtin: false },
  ],
  swarm: {
    active: true,
    manager: {
      managers: 3,
      nodes: 5,
      autoLock: true,
      certificateHours: 48,
      authoritySince: '2026-01-01T00:00:00Z',
      services: [{ name: 'web', exposed: [], secrets: 1 }],
    },
    addresses: { listen: '10.0.0.5:2377', advertise: '10.0.0.5:2377', data: '10.1.0.5' },
  },
};
