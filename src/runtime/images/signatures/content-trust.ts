// SPDX-License-Identifier: Apache-2.0
// Docker Content Trust: whoever asks docker for it, or pulled a repository with it, expects to be protected, and is not by us.
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Reference } from '../reference.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** What strconv.ParseBool of Go, which docker reads the variable with, takes for true. */
const TRUE = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);
const INSTEAD =
  'is not looked at: Docker Content Trust ends on 2026-12-08. ' +
  'Sign images anew with `secure image sign` or cosign, and require that by a policy.';

/** Where docker keeps what it knows of a repository that it pulled or signed with content trust (docker cli, cli/trust). */
function trustData({ registry, repository }: Reference, env: Env): string {
  const config = env.DOCKER_CONFIG || join(env.HOME || homedir(), '.docker');
  return join(config, 'trust/tuf', registry, repository, 'metadata/root.json');
}

/** What to tell somebody who has content trust switched on, or has used it for this repository; undefined where neither is so. */
export function contentTrustNotice(env: Env, reference: Reference): string | undefined {
  if (TRUE.has(env.DOCKER_CONTENT_TRUST ?? '')) return `DOCKER_CONTENT_TRUST is set, and ${INSTEAD}`;
  const path = trustData(reference, env);
  if (!existsSync(path)) return undefined;
  return `docker has content trust of ${reference.registry}/${reference.repository} (${path}), which ${INSTEAD}`;
}
