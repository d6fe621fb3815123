// SPDX-License-Identifier: Apache-2.0
import type { Container } from '../runtime/containers/containers.ts';

const STEPS: readonly (readonly [seconds: number, name: string])[] = [
  [365 * 86_400, 'year'],
  [30 * 86_400, 'month'],
  [7 * 86_400, 'week'],
  [86_400, 'day'],
  [3600, 'hour'],
  [60, 'minute'],
  [1, 'second'],
];

/** `3 minutes`; a moment that lies ahead (the clock was set back) counts as now. */
export function span(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  for (const [length, name] of STEPS) {
    const count = Math.floor(seconds / length);
    if (count >= 1) return `${count} ${name}${count === 1 ? '' : 's'}`;
  }
  return 'less than a second';
}

/** `3 minutes ago`, or '' for no or a damaged time. */
export function ago(time: string | null, now: number): string {
  const then = Date.parse(time ?? '');
  return Number.isNaN(then) ? '' : `${span(now - then)} ago`;
}

const UNITS = ['KiB', 'MiB', 'GiB', 'TiB'] as const;

/** `64 MiB`, `1.5 GiB`. */
export function sizeText(bytes: number): string {
  let [value, unit] = [bytes, 'bytes'];
  for (const next of UNITS) {
    if (value < 1024) break;
    [value, unit] = [value / 1024, next];
  }
  return `${Math.round(value * 10) / 10} ${unit}`;
}

const memoryText = (container: Container): string => {
  if (!container.oomKilled) return '';
  const { limit, peak } = container.memory;
  return `, out of memory${limit === null ? '' : ` (limit ${sizeText(limit)}${peak === null ? '' : `, peak ${sizeText(peak)}`})`}`;
};

/**
 * `Up 3 minutes (healthy)`, `Restarting (1) 2 seconds ago`, `Exited (137) 2 seconds ago, out of memory (limit 64 MiB,
 * peak 64 MiB)`, `Created`, `Dead`.
 */
export function statusText(container: Container, now: number): string {
  switch (container.status) {
    case 'running':
    case 'stopping': {
      const since = Date.parse(container.started ?? '');
      const up = Number.isNaN(since) ? 'Up' : `Up ${span(now - since)}`;
      const health = container.health === null ? '' : ` (${container.health.status})`;
      return `${up}${health}${container.status === 'stopping' ? ', stopping' : ''}${memoryText(container)}`;
    }
    case 'restarting':
      return `Restarting (${container.lastRun?.exitCode ?? '?'}) ${ago(container.lastRun?.finished ?? null, now)}`.trimEnd();
    case 'exited':
      return `Exited (${container.exitCode ?? '?'}) ${ago(container.finished, now)}`.trimEnd() + memoryText(container);
    case 'created':
    case 'dead':
    case 'corrupt':
      return container.status.charAt(0).toUpperCase() + container.status.slice(1);
  }
}
