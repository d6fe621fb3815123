// SPDX-License-Identifier: Apache-2.0
// One container for people.
import type { Container, ContainerConfig, Enforced } from '../runtime/containers/containers.ts';
import { sizeText, statusText } from './ago.ts';
import { colourful, paint, printable } from './output.ts';
import { table } from './table.ts';

function restartText({ restarts }: Container, config: ContainerConfig | undefined): string | undefined {
  const { policy = 'no', retries = null } = config?.secure?.monitor?.restart ?? {};
  if (policy === 'no' && restarts === 0) return undefined;
  return `${restarts} (${policy}${retries === null ? '' : `, at most ${retries}`})`;
}

function lastRunText({ lastRun }: Container): string | undefined {
  if (lastRun === null) return undefined;
  const { exitCode, finished, oomKilled, error } = lastRun;
  return `ended ${finished} with ${exitCode}${oomKilled ? ', out of memory' : ''}${error === null ? '' : `: ${error}`}`;
}

function memoryText({ memory: { oomKills, limit, peak } }: Container): string | undefined {
  const parts = [
    limit === null ? undefined : `limit ${sizeText(limit)}`,
    peak === null ? undefined : `peak ${sizeText(peak)}`,
    oomKills === 0 ? undefined : `${oomKills} killed for lack of it`,
  ];
  return parts.filter((part) => part !== undefined).join(', ');
}

function healthText({ health }: Container): string | undefined {
  if (health === null) return undefined;
  const last = health.log.at(-1);
  if (last === undefined) return health.status;
  const result = last.exitCode === -1 ? 'no answer in time' : `exit ${last.exitCode}`;
  const said = last.output.trim().slice(0, 200);
  return `${health.status} (${health.failingStreak} failures in a row; last: ${result}${said === '' ? '' : `, ${said}`})`;
}

/** Name, state, and what its plan says, a line each. */
export function containerText(container: Container, config: ContainerConfig | undefined, now: number): string {
  const { process, secure, mounts = [] } = config ?? {};
  const bounding = process?.capabilities?.bounding ?? [];
  const facts: [string, string | undefined][] = [
    ['id', container.id],
    ['name', container.name],
    ['status', statusText(container, now)],
    [
      'image',
      secure?.image === undefined
        ? container.image
        : `${secure.image.reference} (${secure.image.origin}, ${secure.image.digest})`,
    ],
    ['profile', container.profile],
    ['command', process?.args?.join(' ')],
    ['user', process?.user === undefined ? undefined : `${process.user.uid}:${process.user.gid}`],
    ['pid', container.pid > 0 ? String(container.pid) : undefined],
    ['created', container.created],
    ['restarts', restartText(container, config)],
    ['last run', lastRunText(container)],
    ['memory', memoryText(container)],
    ['health', healthText(container)],
    ['cgroup', container.cgroup],
    ['ids', container.rangeStart > 0 ? `from ${container.rangeStart}` : undefined],
    ['capabilities', process === undefined ? undefined : bounding.length === 0 ? 'none' : bounding.join(' ')],
    ['root', config?.root === undefined ? undefined : config.root.readonly === true ? 'read-only' : 'writable'],
    ...mounts
      .filter(({ type }) => type === 'bind')
      .map((mount): [string, string] => [
        'bind',
        `${mount.source} on ${mount.destination} (${mount.options?.join(',') ?? ''})`,
      ]),
  ];
  const shown = facts.filter((fact): fact is [string, string] => fact[1] !== undefined && fact[1] !== '');
  const decided = secure?.reasons ?? [];
  const lines = shown.map(([name, value]) => `${`${name}:`.padEnd(14)}${printable(value)}`);
  if (decided.length === 0) return lines.join('\n');
  const reasons = table(decided, [
    { title: 'CONTROL', value: ({ control }) => control },
    { title: 'PLANNED', value: ({ decision }) => decision },
    { title: 'STATUS', value: ({ status, required }) => (required ? status : `${status} (wished)`) },
  ]);
  return `${lines.join('\n')}\n\n${reasons}`;
}

const text = (value: unknown): string =>
  value === null || value === undefined ? '-' : typeof value === 'string' ? value : JSON.stringify(value);

/** Wide enough for a digest's beginning or a list of namespaces; the JSON has all of it. */
const CELL = 44;
const cell = (value: unknown): string => {
  const whole = text(value);
  return whole.length > CELL ? `${whole.slice(0, CELL - 1)}…` : whole;
};

/** What the kernel says about each control of a live container. */
export function enforcedText(enforced: Enforced): string {
  const colour = colourful(1);
  return table(enforced.controls, [
    { title: 'CONTROL', value: ({ control, required }) => (required === false ? `${control} (wished)` : control) },
    { title: 'PLANNED', value: ({ planned }) => cell(planned) },
    {
      title: 'IN FORCE',
      value: ({ inForce, required, planned }) => {
        if (inForce === null) return 'unproven';
        if (inForce) return 'yes';
        // Neither asked for nor there: not a finding.
        if (required === false) return planned === 'none' ? '-' : 'no';
        return 'NO';
      },
      paint: (shown, { inForce, required }) =>
        paint(shown, inForce === true ? 'green' : inForce === null || required === false ? 'yellow' : 'red', colour),
    },
    { title: 'IN THE KERNEL', value: ({ actual }) => cell(actual) },
    { title: 'EVIDENCE', value: ({ evidence }) => text(evidence) },
  ]);
}
