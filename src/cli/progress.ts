// SPDX-License-Identifier: Apache-2.0
import type { ImageEvent } from '../runtime/images/events.ts';
import { formatBytes } from '../runtime/images/format.ts';
import { Bars } from './bars.ts';
import { printable, printError } from './output.ts';

const short = (digest: string) => digest.slice(0, 'sha256:'.length + 12);

function text(event: Exclude<ImageEvent, { type: 'received' }>): string {
  switch (event.type) {
    case 'copy':
      return `${event.present ? 'present' : 'copying'} ${short(event.digest)} (${formatBytes(event.size)})`;
    case 'push':
      return `${event.outcome === 'pushed' ? 'pushing' : event.outcome} ${short(event.digest)} (${formatBytes(event.size)})`;
    case 'unpack':
      return `unpacking ${short(event.diffId)}`;
    case 'setid':
      return `layer ${short(event.diffId)} has ${event.paths.length} set-id files: ${event.paths.slice(0, 5).join(', ')}`;
    case 'step':
      return event.text;
    case 'warning':
      return `warning: ${event.text}`;
  }
}

function onLines(event: ImageEvent): void {
  if (event.type !== 'received') printError(`${printable(text(event))}\n`);
}

function onTerminal(): (event: ImageEvent) => void {
  const bars = new Bars({
    write: printError,
    get columns() {
      // A terminal that nobody gave a size says 0.
      return process.stderr.columns || 80;
    },
    now: () => performance.now(),
  });
  return (event) => {
    if (event.type === 'received') bars.advance(event.digest, event.done);
    else if (event.type === 'copy' && !event.present)
      bars.start(event.digest, `copying ${short(event.digest)}`, event.size);
    else if (event.type === 'push' && event.outcome === 'pushed')
      bars.start(event.digest, `pushing ${short(event.digest)}`, event.size);
    else bars.line(printable(text(event)));
  };
}

function renderer(): (event: ImageEvent) => void {
  const steerable = process.env.TERM !== 'dumb' && process.getBuiltinModule('node:tty').isatty(2);
  return steerable ? onTerminal() : onLines;
}

function onlyWarnings(event: ImageEvent): void {
  if (event.type === 'warning') onLines(event);
}

/** Progress on stderr: a line for each step, on a terminal bars for what arrives; where quiet or JSON was asked for, warnings only. */
export function progress(quiet: boolean): (event: ImageEvent) => void {
  if (quiet) return onlyWarnings;
  // Most often nothing happens that is worth a line, and then the terminal is not looked at either.
  let render: ((event: ImageEvent) => void) | undefined;
  return (event) => {
    render ??= renderer();
    render(event);
  };
}
