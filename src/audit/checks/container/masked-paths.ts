// SPDX-License-Identifier: Apache-2.0

import { MASKED_PATHS, READ_ONLY_PATHS } from '../../facts/container/engines.ts';
import { isBelow } from '../../places.ts';
import { quoted, unknown, verdict } from '../../verdicts.ts';
import { about, type ContainerCheck, needsProof, planned, STOPPED } from './shared/judge.ts';

const without = (paths: readonly string[], path: string) => paths.filter((one) => one !== path);

export default {
  id: 'SEC-CONTAINER-0020',
  title: 'Interfaces of the kernel are hidden or read-only',
  severity: 'high',
  target: 'container',
  frameworks: ['PSS-Baseline:procMount', 'NIST-800-190:4.4.3'],
  rationale:
    '/proc/kcore is the memory of the host, /proc/sysrq-trigger restarts it, /proc/sys/kernel/core_pattern starts a program on it (CVE-2022-0811), /proc/keys lists the keys of others.',
  remediation:
    "Make the container again without '--security-opt systempaths=unconfined' (docker), '--security-opt unmask=…' (podman) or '--privileged'; of ours remove what the policy takes out of run.maskedPaths and run.readonlyPaths, which 'secure policy validate' shows.",
  references: [
    'https://github.com/opencontainers/runtime-spec/blob/main/config-linux.md#masked-paths',
    'https://cve.mitre.org/cgi-bin/cvename.cgi?name=CVE-2022-0811',
  ],
  examples: [
    { good: {}, bad: { proof: { 'masked-paths': { inForce: false } } } },
    { good: {}, bad: { proof: { 'readonly-paths': { inForce: false } } } },
    {
      good: { ...STOPPED, plan: { maskedPaths: MASKED_PATHS } },
      bad: { ...STOPPED, plan: { maskedPaths: without(MASKED_PATHS, '/proc/kcore') } },
    },
    {
      good: { ...STOPPED, plan: { readonlyPaths: READ_ONLY_PATHS } },
      bad: { ...STOPPED, plan: { readonlyPaths: without(READ_ONLY_PATHS, '/proc/sys') } },
    },
  ],
  check: (facts) =>
    planned(facts, ({ maskedPaths, readonlyPaths }) => {
      const hidden = (path: string): boolean => maskedPaths.some((masked) => isBelow(path, masked));
      const problems = [
        ...MASKED_PATHS.filter((path) => !hidden(path)).map((path) => about(facts, path, `${path} is not hidden`)),
        ...READ_ONLY_PATHS.filter((path) => !hidden(path) && !readonlyPaths.some((one) => isBelow(path, one))).map(
          (path) => about(facts, path, `${path} is not read-only`),
        ),
      ];
      if (!needsProof(facts)) return verdict(problems);
      const asked = ['masked-paths', 'readonly-paths'].map((control) => [control, facts.proof?.[control]] as const);
      for (const [control, proven] of asked) {
        if (proven?.inForce === false && proven.planned !== null) {
          problems.push(
            about(facts, control, `the kernel does not have all ${control} of the plan: ${quoted(proven.actual)}`),
          );
        }
      }
      const open = asked.find(([, proven]) => proven?.inForce == null);
      return problems.length === 0 && open !== undefined
        ? unknown(`${open[0]} of its process could not be read`)
        : verdict(problems);
    }),
} satisfies ContainerCheck;
