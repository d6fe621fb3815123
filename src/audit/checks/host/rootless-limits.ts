// SPDX-License-Identifier: Apache-2.0
import { cgroupMode } from '../../facts/host/mounts.ts';
import { problem } from '../../verdicts.ts';
import { fileLocation } from './shared/files.ts';
import { ofUsers, user } from './shared/rootless.ts';
import type { HostCheck } from './shared/sysctl.ts';

/** Of those that limits of containers are made with. */
const NEEDED = ['cpu', 'memory', 'pids'];

export default {
  id: 'SEC-HOST-0102',
  title: 'Limits of containers without root are in force',
  severity: 'medium',
  target: 'host',
  frameworks: ['NIST-800-190:4.5.1'],
  rationale:
    'A user has control groups where systemd gives him some. Without them docker and podman take `--memory`, `--cpus` and `--pids-limit` and do nothing, or refuse: one container takes the machine from all.',
  remediation:
    "Boot with control groups of version 2 alone ('systemd.unified_cgroup_hierarchy=1'), write '[Service]' and 'Delegate=cpu cpuset io memory pids' into /etc/systemd/system/user@.service.d/delegate.conf, run 'systemctl daemon-reload', and have the user log in again.",
  references: ['https://rootlesscontaine.rs/getting-started/common/cgroup2/', 'https://systemd.io/CGROUP_DELEGATION/'],
  examples: [{ good: user({ controllers: ['cpu', 'memory', 'pids'] }), bad: user({ controllers: ['cpu', 'memory'] }) }],
  check: (facts) =>
    ofUsers(facts, ({ name, uid, controllers }) => {
      if (facts.mounts === undefined) return 'no /proc of the running system is in this file tree';
      const at = fileLocation('/sys/fs/cgroup');
      const mode = cgroupMode(facts.mounts);
      if (mode !== 'v2')
        return [
          problem(
            name,
            `control groups are not of version 2 alone: ${name} can be given none, and limits of his containers do nothing`,
            at,
          ),
        ];
      if (controllers === null)
        return `no manager of ${name} runs, so that nobody knows what is given to him: 'loginctl enable-linger ${name}' starts it`;
      const missing = NEEDED.filter((one) => !controllers.includes(one));
      return missing.length === 0
        ? []
        : [
            problem(
              name,
              `${name} (${uid}) is not given ${missing.join(', ')}: such limits of his containers do nothing`,
              at,
            ),
          ];
    }),
} satisfies HostCheck;
