// SPDX-License-Identifier: Apache-2.0
import type { ServiceFacts } from '../../../facts/compose.ts';
import type { Check, Problem, Verdict } from '../../../types.ts';
import { fails, PASS, problem, unknown, verdict } from '../../../verdicts.ts';
import { indent } from '../../../yaml-text.ts';

/** A check of a service; its examples are compose files. */
export type ComposeCheck = Check<ServiceFacts, string>;

export const SERVICES = 'https://docs.docker.com/reference/compose-file/services/';
export const RUN = 'https://docs.docker.com/reference/cli/docker/container/run/';

/** @param at below the service: `/privileged`; @param what tells it from others of the same check on this service */
export const ofService = ({ name, at }: ServiceFacts, below: string, message: string, what = below): Problem => ({
  ...problem(`${name}${what}`, `service ${name}: ${message}`, { logical: `service ${name}` }),
  location: { logical: `service ${name}`, pointer: at + below },
});

/** What is wrong with a service: at which place below it, and why. */
export type Wrong = readonly [at: string, message: string, what?: string];
export const wrongs = (facts: ServiceFacts, found: readonly Wrong[]): Verdict =>
  verdict(found.map((wrong) => ofService(facts, ...wrong)));

/** A switch that a variable without a default may decide: null. */
export function flag(facts: ServiceFacts, key: string, value: boolean | null, bad: boolean, message: string): Verdict {
  if (value === null) return unknown(`${key} of ${facts.name} depends on a variable that has no default`);
  return value === bad ? fails(ofService(facts, `/${key}`, message)) : PASS;
}

/** `apparmor=unconfined`, `label:disable`: the values of an option, which may be written with a colon, too. */
export const options = ({ securityOpt }: ServiceFacts, name: string): string[] =>
  securityOpt.flatMap((option) => {
    const [, key, value = ''] = /^([^:=]+)(?:[:=](.*))?$/s.exec(option) ?? [];
    return key === name ? [value] : [];
  });

/** A file for examples: of one service with these lines. */
export const service = (lines: string, image = 'registry.example/web:1.4.2'): string =>
  `services:\n  web:\n    image: ${image}\n${indent(lines, 4)}\n`;

/** `sys_admin` and `CAP_SYS_ADMIN` are one. */
export const capability = (name: string): string => `CAP_${name.toUpperCase().replace(/^CAP_/, '')}`;
