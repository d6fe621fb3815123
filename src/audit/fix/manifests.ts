// SPDX-License-Identifier: Apache-2.0
// Compose files and manifests.
import { resolve } from 'node:path';
import { CHECKS } from '../checks/index.ts';
import { composeSubjects } from '../facts/compose.ts';
import { kubernetesSubjects } from '../facts/kubernetes.ts';
import { readTextFile } from '../read-file.ts';
import { FILE_LIMIT, results } from '../run.ts';
import type { Audited } from '../types.ts';
import { composeUri, manifestUri } from '../uri.ts';
import { type DocumentTarget, planDocuments } from './document.ts';
import type { FixOptions, Plan } from './types.ts';
import { yamlEditor } from './yaml.ts';

const once = (paths: readonly string[]): [string, string][] => [
  ...new Map(paths.map((path) => [resolve(path), path] as const)),
];

/** What manifests would become. @param audited with their waivers. @throws SecureError FIX_REFUSED, MANIFEST_INVALID */
export function planManifests(paths: readonly string[], audited: readonly Audited[], options: FixOptions): Plan {
  const targets = once(paths).map(([path, shown]): DocumentTarget => {
    const uri = manifestUri(shown);
    return {
      path,
      examine: (text) =>
        [...kubernetesSubjects(text, shown)].map(({ name, facts }) => ({
          audited: { target: 'kubernetes', name, uri, results: results(CHECKS.kubernetes, facts) },
          facts,
        })),
    };
  });
  return planDocuments(targets, audited, options, yamlEditor);
}

/** The same of compose files, and of those that they include. */
export function planCompose(paths: readonly string[], audited: readonly Audited[], options: FixOptions): Plan {
  const read = (path: string): string => readTextFile(path, FILE_LIMIT);
  const all = paths.flatMap((path) => [
    path,
    ...[...composeSubjects(read(path), path, read)].map(({ facts }) => facts.file),
  ]);
  const targets = once(all).map(([path, shown]): DocumentTarget => {
    const uri = composeUri(shown);
    return {
      path,
      examine: (text) =>
        [...composeSubjects(text, shown, read)]
          // Others are repaired where they are written.
          .filter(({ facts }) => resolve(facts.file) === path)
          .map(({ name, facts }) => ({
            audited: { target: 'compose', name, uri, results: results(CHECKS.compose, facts) },
            facts,
          })),
    };
  });
  return planDocuments(targets, audited, options, yamlEditor);
}
