// SPDX-License-Identifier: Apache-2.0

import type { NetworkFacts, PublishedPort } from '../../../facts/container/plan.ts';
import type { PlanFacts } from '../../../facts/container.ts';
import type { Problem, Verdict } from '../../../types.ts';
import { notApplicable, unknown, verdict } from '../../../verdicts.ts';

export const showPort = ({ protocol, hostAddress, hostPort, containerPort }: PublishedPort): string =>
  `${hostAddress.includes(':') ? `[${hostAddress}]` : hostAddress}:${hostPort}:${containerPort}/${protocol}`;

/** What a plan says about its network, where it has one. */
export function attached({ network }: PlanFacts, check: (network: NetworkFacts) => readonly Problem[]): Verdict {
  if (network === undefined) return unknown('its network was made by another engine and is not in its plan');
  return network === null ? notApplicable('it has no network but loopback') : verdict(check(network));
}

export const publishedPorts = (
  plan: PlanFacts,
  check: (ports: readonly PublishedPort[]) => readonly Problem[],
): Verdict => attached(plan, ({ ports }) => check(ports));
