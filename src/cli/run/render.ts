// SPDX-License-Identifier: Apache-2.0
// A plan for people: what would run, and every decision with its reason.

import { portText } from '../../runtime/plan/publish.ts';
import { explainReasons } from '../../runtime/plan/reasons.ts';
import type { Plan } from '../../runtime/plan/spec.ts';
import { printable } from '../output.ts';

/** Quoted where a shell would need it, so that the line can be copied. */
const word = (text: string): string =>
  /^[A-Za-z0-9_@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;

const PORTS = 16;
export const reasonsText = (plan: Plan): string => explainReasons(plan).map(printable).join('\n');

/** Command summary and table of reasons. `origin` says where the profile was chosen. */
export function planText(plan: Plan, origin: string): string {
  const { secure, process, mounts } = plan;
  const { uid, gid } = process.user;
  // The files that are made for it have no place on the host yet.
  const binds = mounts.filter(({ type, source }) => type === 'bind' && source !== '');
  const facts: [string, string][] = [
    ['image', `${secure.image.reference} (${secure.image.origin}, ${secure.image.digest})`],
    ['profile', `${secure.profile} (${origin})`],
    ['command', process.args.map(word).join(' ')],
    ['user', `${uid}:${gid}`],
    ['directory', process.cwd],
    ['network', secure.network === null ? 'none' : secure.network.bridge],
    ...(secure.network?.ports ?? []).slice(0, PORTS).map((port): [string, string] => ['port', portText(port)]),
    ...binds.map(({ source, destination, options }): [string, string] => [
      'bind',
      `${source} on ${destination} (${options.join(',')})`,
    ]),
  ];
  const head = facts.map(([name, value]) => `${`${name}:`.padEnd(11)}${printable(value)}`).join('\n');
  return `${head}\n\n${reasonsText(plan)}\n\nNothing was run. + enforced   ! not available here   - off by policy`;
}
