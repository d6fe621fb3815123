// SPDX-License-Identifier: Apache-2.0

import { BEST_PRACTICES, type DockerfileCheck } from './shared/check.ts';
import { instructionAt, isPlainBase, replaceAt, span } from './shared/edits.ts';
import { problem, shown, verdict } from './shared/problems.ts';

export default {
  id: 'SEC-DOCKERFILE-0016',
  title: 'Working directories are absolute',
  severity: 'low',
  target: 'dockerfile',
  frameworks: [],
  rationale:
    'A relative one depends on the base image: when that changes, files land elsewhere and programs start elsewhere.',
  remediation: 'Write the whole path: WORKDIR /app.',
  references: [`${BEST_PRACTICES}#workdir`],
  examples: [{ good: 'FROM debian:12\nWORKDIR /app\nUSER 1\n', bad: 'FROM debian:12\nWORKDIR app\nUSER 1\n' }],
  check(facts) {
    const problems = facts.stages.flatMap((stage) => {
      // Below a stage of this file, and behind an absolute one, what a relative one means stands here.
      let known = stage.base.kind === 'stage' || stage.base.kind === 'scratch';
      return stage.instructions
        .filter(({ keyword, onbuild }) => keyword === 'WORKDIR' && !onbuild)
        .flatMap(({ expanded, region }) => {
          const path = expanded[0];
          const relative = path !== undefined && path !== '' && !/^(?:[/\\]|[A-Za-z]:|\$)/.test(path);
          const found =
            relative && !known
              ? [
                  problem(
                    facts,
                    region,
                    `WORKDIR ${path}`,
                    `WORKDIR ${shown(path)} is relative to what the base image says`,
                  ),
                ]
              : [];
          known = true;
          return found;
        });
    });
    return verdict(problems);
  },
  fix: {
    does: 'Writes a slash before it.',
    edits(facts, { location: { region } }, text) {
      const word = instructionAt(facts, region)?.words[0];
      const stage = facts.stages.find(({ instructions }) =>
        instructions.some((one) => one === instructionAt(facts, region)),
      );
      if (word === undefined || stage === undefined) return [];
      const { start } = span(text, word.region);
      const at = /^["']/.test(word.raw) ? start + 1 : start;
      const risk = 'a base image that starts in another directory than / has it elsewhere';
      return [{ ...replaceAt(at, at, '/'), ...(isPlainBase(stage) ? {} : { risk }) }];
    },
  },
} satisfies DockerfileCheck;
