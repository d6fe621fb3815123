// SPDX-License-Identifier: Apache-2.0
import type { PodContainer, PodFacts } from '../../../facts/kubernetes.ts';
import type { Check, Problem, Verdict } from '../../../types.ts';
import { notApplicable, verdict } from '../../../verdicts.ts';
import { indent } from '../../../yaml-text.ts';

/** A check of what makes pods; its examples are manifests. */
export type KubernetesCheck = Check<PodFacts, string>;

export const STANDARDS = 'https://kubernetes.io/docs/concepts/security/pod-security-standards/';
export const CONTEXT = 'https://kubernetes.io/docs/tasks/configure-pod-container/security-context/';

const workload = ({ kind, name }: PodFacts): string => `${kind} ${name}`;

/** @param at below the spec of the pod: `/hostPID`; @param what tells it from others of the same check on this pod */
export function ofPod(facts: PodFacts, at: string, message: string, what = at): Problem {
  const key = [facts.namespace, facts.kind, facts.name, what].join('/');
  return {
    key,
    message: `${workload(facts)}: ${message}`,
    location: { logical: workload(facts), pointer: facts.at + at },
  };
}

/** @param at below the container: `/securityContext/privileged` */
export function ofContainer(
  facts: PodFacts,
  { name, at }: PodContainer,
  below: string,
  message: string,
  what = '',
): Problem {
  const key = [facts.namespace, facts.kind, facts.name, name, below, what].join('/');
  return {
    key,
    message: `${workload(facts)}, container ${name}: ${message}`,
    location: { logical: `${workload(facts)}, container ${name}`, pointer: at + below },
  };
}

/** What is wrong with a container: at which place below it, and why. */
export type Wrong = readonly [at: string, message: string];

/** One question about each container. */
export function eachContainer(facts: PodFacts, ask: (container: PodContainer) => Wrong | null | undefined): Verdict {
  return verdict(
    facts.containers.flatMap((container) => {
      const wrong = ask(container);
      return wrong === null || wrong === undefined ? [] : [ofContainer(facts, container, ...wrong)];
    }),
  );
}

/** What pods of Windows do not have. */
export const onLinux = (facts: PodFacts, ask: () => Verdict): Verdict =>
  facts.os === 'windows' ? notApplicable('the pod runs on Windows') : ask();

/** A manifest for examples: of a pod with these lines in its spec. */
export const pod = (spec: string): string =>
  `apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\nspec:\n${indent(spec, 2)}\n`;
/** And with one container that has these lines. */
export const container = (lines: string, spec = ''): string =>
  pod(`${spec}containers:\n  - name: web\n    image: registry.example/web:1.4.2\n${indent(lines, 4)}`);
export const security = (lines: string): string => container(`securityContext:\n${indent(lines, 2)}`);
export const podSecurity = (lines: string): string =>
  pod(`securityContext:\n${indent(lines, 2)}\ncontainers:\n  - name: web\n    image: registry.example/web:1.4.2`);
