// SPDX-License-Identifier: Apache-2.0
import type { BuildEvent } from '../../runtime/build/types.ts';
import { printable, printError } from '../output.ts';

/** Steps, and what they print, on stderr as they happen; where quiet was asked for, warnings and the output of a step that fails. */
export function buildProgress(quiet: boolean): { onEvent: (event: BuildEvent) => void; failed: () => void } {
  const kept: string[] = [];
  // Programs print tables with tabs.
  const say = (line: string) => printError(`${line.split('\t').map(printable).join('\t')}\n`);
  return {
    onEvent(event) {
      if (event.type === 'warning') say(`warning: ${event.text}`);
      else if (event.type === 'output') {
        const line = `  ${event.stage} | ${event.line}`;
        if (quiet) {
          kept.push(line);
          if (kept.length > 100) kept.shift();
        } else say(line);
      } else {
        kept.length = 0;
        if (!quiet)
          say(
            `[${event.stage} ${event.number}/${event.of}]${event.cached ? ' cached' : ''} ${event.text.slice(0, 500)}`,
          );
      }
    },
    failed() {
      for (const line of kept) say(line);
    },
  };
}
