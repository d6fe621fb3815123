// SPDX-License-Identifier: Apache-2.0
// daemon.json with other members: https://docs.docker.com/reference/cli/dockerd/#daemon-configuration-file. All edits make one document, and
// none is made with which the daemon would not start any more.
import { SecureError } from '../../errors.ts';
import { jsonValue, removeJson, setJson } from '../../json-edit.ts';
import type { DockerFacts } from '../facts/host/docker.ts';
import type { DockerEdit, FileChange } from './types.ts';

/** What is known of the daemon beside its settings. */
export interface DaemonState {
  readonly facts: DockerFacts;
  /** It is a node of a swarm; undefined: that cannot be told. */
  readonly swarm: boolean | undefined;
}

/** Why dockerd would not start with it, or not heed it; undefined: it would. */
function conflict({ at: [key], value }: DockerEdit, { facts, swarm }: DaemonState): string | undefined {
  const set = facts.settings[key];
  // dockerd: "the following directives are specified both as a flag and in the configuration file".
  if (set !== undefined && set.location.logical !== facts.config)
    return `dockerd has ${key} on its command line (/${set.location.path ?? ''}), and does not start when ${facts.config} says it too: change it there`;
  if (key === 'live-restore' && value === true && swarm !== false)
    return swarm === true
      ? 'dockerd is a node of a swarm, and does not start with live-restore'
      : 'whether dockerd is a node of a swarm, with which it would not start, cannot be told';
  if (key === 'icc' && value === false && facts.settings.iptables?.value === false)
    return 'dockerd does not start with icc: false while iptables is false';
  return undefined;
}

/**
 * @param before text of the file, null: there is none
 * @param refuse is told of each edit that is not made, and why
 */
export function daemonChange<E extends DockerEdit>(
  state: DaemonState,
  before: string | null,
  edits: readonly E[],
  refuse: (edit: E, why: string) => void,
): FileChange | undefined {
  const { config } = state.facts;
  let text = before === null || before.trim() === '' ? '{}\n' : before;
  const original = text;
  for (const edit of edits) {
    const why = conflict(edit, state);
    if (why !== undefined) {
      refuse(edit, why);
      continue;
    }
    try {
      const { at, value } = edit;
      if (value === undefined) text = removeJson(text, config, at);
      else if (JSON.stringify(jsonValue(text, config, at)) !== JSON.stringify(value))
        text = setJson(text, config, at, value);
    } catch (error) {
      if (!(error instanceof SecureError)) throw error;
      const { line, column } = error.position ?? {};
      const place = line === undefined ? config : `${config}:${line}:${column}`;
      refuse(edit, `${place} is left as it is: ${error.message}`);
    }
  }
  return text === original ? undefined : { path: config, before, after: text };
}
