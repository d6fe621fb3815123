// SPDX-License-Identifier: Apache-2.0
import { quoted, verdict } from '../../verdicts.ts';
import { type KubernetesCheck, ofContainer, ofPod, STANDARDS, security } from './shared/check.ts';

const ANNOTATION = 'container.apparmor.security.beta.kubernetes.io/';
const isProfile = (type: string): boolean => ['', 'RuntimeDefault', 'Localhost'].includes(type);

export default {
  id: 'SEC-KUBERNETES-0013',
  title: 'The profile of AppArmor is not taken away',
  severity: 'high',
  target: 'kubernetes',
  frameworks: ['PSS-Baseline:appArmorProfile', 'CIS-Docker-1.6:5.2'],
  rationale:
    'The profile keeps a program from mounting, from the switches in /proc and /sys and from the memory of others, also where a capability would let it.',
  remediation:
    'Use `appArmorProfile.type: RuntimeDefault` or `Localhost`; leave out annotations that say `unconfined`.',
  references: [STANDARDS, 'https://kubernetes.io/docs/tutorials/security/apparmor/'],
  examples: [
    {
      good: security('appArmorProfile:\n  type: RuntimeDefault'),
      bad: security('appArmorProfile:\n  type: Unconfined'),
    },
    {
      good: 'apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\n  annotations:\n    container.apparmor.security.beta.kubernetes.io/web: runtime/default\nspec: {}\n',
      bad: 'apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\n  annotations:\n    container.apparmor.security.beta.kubernetes.io/web: unconfined\nspec: {}\n',
    },
  ],
  check: (facts) => {
    const own = isProfile(facts.appArmorProfile)
      ? []
      : [ofPod(facts, '/securityContext/appArmorProfile', `appArmorProfile is ${facts.appArmorProfile}`)];
    const each = facts.containers.filter(({ appArmorProfile }) => !isProfile(appArmorProfile));
    const annotated = Object.entries(facts.annotations).filter(
      ([name, value]) => name.startsWith(ANNOTATION) && !/^(?:|runtime\/default|localhost\/.*)$/.test(value),
    );
    return verdict([
      ...own,
      ...each.map((one) =>
        ofContainer(facts, one, '/securityContext/appArmorProfile', `appArmorProfile is ${one.appArmorProfile}`),
      ),
      ...annotated.map(([name, value]) => ofPod(facts, '', `the annotation ${name} is ${quoted(value)}`, name)),
    ]);
  },
} satisfies KubernetesCheck;
