// SPDX-License-Identifier: Apache-2.0
import { resolve } from 'node:path';
import { parseDockerfile } from '../facts/dockerfile.ts';
import { auditDockerfile } from '../run.ts';
import type { Audited } from '../types.ts';
import { planDocuments } from './document.ts';
import type { FixOptions, Plan } from './types.ts';

/** What Dockerfiles would become. @param audited with their waivers. @throws SecureError FIX_REFUSED, DOCKERFILE_INVALID */
export function planDockerfiles(paths: readonly string[], audited: readonly Audited[], options: FixOptions): Plan {
  const targets = [...new Map(paths.map((path) => [resolve(path), path] as const))].map(([path, shown]) => ({
    path,
    examine: (text: string) => {
      const facts = parseDockerfile(text, shown);
      return [{ audited: auditDockerfile(shown, facts), facts }];
    },
  }));
  return planDocuments(targets, audited, options);
}
