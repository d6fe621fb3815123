// SPDX-License-Identifier: Apache-2.0
// The checks of manifests and the built-in Pod Security Standards, written twice and for different readers, decide every pod alike.
import { describe, expect, it } from 'vitest';
import { CHECKS } from '../../src/audit/checks/index.ts';
import { kubernetesSubjects } from '../../src/audit/facts/kubernetes.ts';
import { results } from '../../src/audit/run.ts';
import { fileIo, loadPolicy } from '../../src/policies/index.ts';
import { Evaluator } from '../../src/policies/rules/evaluate.ts';
import { random as numbers, type Random } from '../support/random.ts';

const PODS = 2000;
const some = <T>(random: Random, share: number, value: () => T): T | undefined =>
  random.int(1000) < share * 1000 ? value() : undefined;
const pick = <T>(random: Random, ...from: readonly T[]): T => random.pick(from);

function context(random: Random, own: boolean) {
  const rare = (share: number) => (own ? share / 3 : share);
  return {
    runAsNonRoot: some(random, 0.7, () => pick(random, true, true, true, false)),
    runAsUser: some(random, 0.3, () => pick(random, 0, 1000, 1000, 1000)),
    seccompProfile: some(random, 0.6, () => ({
      type: pick(random, 'RuntimeDefault', 'RuntimeDefault', 'Localhost', 'Unconfined'),
    })),
    appArmorProfile: some(random, rare(0.2), () => ({
      type: pick(random, 'RuntimeDefault', 'Localhost', 'Unconfined'),
    })),
    seLinuxOptions: some(random, rare(0.2), () => ({
      type: some(random, 0.8, () => pick(random, 'container_t', 'container_init_t', 'spc_t', '')),
      user: some(random, 0.1, () => pick(random, 'system_u', '')),
      role: some(random, 0.1, () => 'system_r'),
      level: 's0:c1,c2',
    })),
    windowsOptions: some(random, rare(0.05), () => ({ hostProcess: pick(random, true, false) })),
  };
}

function container(random: Random, i: number) {
  return {
    name: `c${i}`,
    image: 'i',
    securityContext: some(random, 0.95, () => ({
      ...context(random, false),
      privileged: some(random, 0.1, () => pick(random, true, false, false)),
      allowPrivilegeEscalation: some(random, 0.95, () => pick(random, false, false, false, false, true)),
      procMount: some(random, 0.05, () => pick(random, 'Default', 'Unmasked')),
      capabilities: some(random, 0.95, () => ({
        add: some(random, 0.2, () => [
          pick(random, 'NET_BIND_SERVICE', 'NET_BIND_SERVICE', 'CHOWN', 'SYS_ADMIN', 'ALL'),
        ]),
        drop: pick(random, ['ALL'], ['ALL'], ['ALL'], ['ALL', 'NET_RAW'], ['NET_RAW'], undefined),
      })),
    })),
    ports: some(random, 0.1, () => [{ containerPort: 80, hostPort: pick(random, 0, 80) }]),
    livenessProbe: some(random, 0.1, () => ({ httpGet: { port: 80, host: pick(random, '', '127.0.0.1') } })),
  };
}

function pod(random: Random) {
  const containers = (most: number) => Array.from({ length: random.int(most + 1) }, (_, i) => container(random, i));
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'p',
      annotations: some(random, 0.1, () => ({
        'container.apparmor.security.beta.kubernetes.io/c0': pick(
          random,
          'runtime/default',
          'localhost/x',
          'unconfined',
          '',
        ),
      })),
    },
    spec: {
      os: some(random, 0.05, () => ({ name: pick(random, 'windows', 'linux') })),
      hostNetwork: some(random, 0.1, () => pick(random, true, false)),
      hostPID: some(random, 0.05, () => true),
      hostIPC: some(random, 0.05, () => true),
      hostUsers: some(random, 0.3, () => pick(random, true, false)),
      securityContext: some(random, 0.9, () => ({
        ...context(random, true),
        sysctls: some(random, 0.1, () => [
          { name: pick(random, 'net.ipv4.tcp_syncookies', 'kernel.msgmax'), value: '1' },
        ]),
      })),
      volumes: some(random, 0.2, () => [
        pick<object>(
          random,
          { name: 'v', emptyDir: {} },
          { name: 'v' },
          { name: 'v', hostPath: { path: '/srv' } },
          { name: 'v', nfs: {} },
        ),
      ]),
      initContainers: containers(1),
      containers: containers(2),
    },
  };
}

describe('Pod Security Standards', () => {
  it.each(['baseline', 'restricted'])(
    'are the same as checks and as the policy pss-%s',
    { timeout: 60_000 },
    async (level) => {
      const { book } = await loadPolicy(`pss-${level}`, fileIo([]));
      const evaluator = new Evaluator(book, Date.now());
      const frameworks = level === 'baseline' ? ['PSS-Baseline'] : ['PSS-Baseline', 'PSS-Restricted'];
      const checks = CHECKS.kubernetes.filter((check) =>
        check.frameworks.some((name) => frameworks.includes(name.split(':')[0] ?? '')),
      );
      const random = numbers();
      const seen = { allowed: 0, refused: 0 };
      const failed = new Set<string>();
      for (let i = 0; i < PODS; i += 1) {
        const text = JSON.stringify(pod(random));
        for (const subject of kubernetesSubjects(text, 'p.json')) {
          const rules = evaluator.verdicts(subject).filter(({ decision }) => decision === 'fail');
          const found = results(checks, subject.facts).filter(({ verdict }) => verdict.status === 'fail');
          for (const { check } of found) failed.add(check.id);
          expect(
            found.map(({ check }) => check.id).length > 0,
            `seed ${random.seed}: ${text}: ${rules.map(({ rule }) => rule.id).join()} / ${found.map(({ check }) => check.id).join()}`,
          ).toBe(rules.length > 0);
          seen[rules.length > 0 ? 'refused' : 'allowed'] += 1;
        }
      }
      // Neither is rare, and each check has refused something.
      expect(seen.allowed).toBeGreaterThan(PODS / 30);
      expect(seen.refused).toBeGreaterThan(PODS / 30);
      expect(checks.map(({ id }) => id).filter((id) => !failed.has(id))).toEqual([]);
    },
  );
});
