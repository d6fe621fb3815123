// SPDX-License-Identifier: Apache-2.0

import type { ImageEvent } from '../runtime/images/events.ts';
import { formatBytes } from '../runtime/images/format.ts';
import { printable, printError } from './output.ts';

const short = (digest: string) => digest.slice(0, 'sha256:'.length + 12);

function text(event: ImageEvent): string {
  switch (event.type) {
    case 'copy':
      return `${event.present ? 'present' : 'copying'} ${short(event.digest)} (${formatBytes(event.size)})`;
    case 'unpack':
      return `unpacking ${short(event.diffId)}`;
    case 'setid':
      return `layer ${short(event.diffId)} has ${event.paths.length} set-id files: ${event.paths.slice(0, 5).join(', ')}`;
    case 'step':
      return event.text;
  }
}

/** Progress on stderr, one line each; none where JSON was asked for. */
export function progress(json: boolean): (event: ImageEvent) => void {
  return json ? () => {} : (event) => printError(`${printable(text(event))}\n`);
}
