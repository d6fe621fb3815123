// SPDX-License-Identifier: Apache-2.0
// How a failure looks. Tests assert codes, people read the rest.
import { ExitCode, SecureError } from '../errors.ts';
import { colourful, jsonText, paint, print, printable, printError } from './output.ts';

/** Anything thrown, as one of ours. What is not a SecureError is a bug in this program and says so. */
export function asSecureError(thrown: unknown): SecureError {
  if (thrown instanceof SecureError) return thrown;
  const message = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
  return new SecureError('INTERNAL', message, {
    hint: 'this is a bug in secure: run it again with SECURE_DEBUG=1 and report the output',
    exitCode: ExitCode.internal,
    cause: thrown,
  });
}

/** Follow-up lines are indented, so that text from a file or an image cannot pass for a line of ours. */
function lines(text: string): string {
  return text
    .split('\n')
    .map((line) => printable(line))
    .join('\n  ');
}

function place(error: SecureError): string {
  if (error.position === undefined) return '';
  const { file, line, column } = error.position;
  return `${[file, line, column].filter((part) => part !== undefined).join(':')}: `;
}

/** `secure: CODE: message` and `  hint: …`. */
export function failureText(error: SecureError, colour: boolean): string {
  const at = place(error);
  const message = error.message.startsWith(at) ? error.message : at + error.message;
  const first = `secure: ${paint(error.code, 'red', colour)}: ${lines(message)}\n`;
  return error.hint === undefined ? first : `${first}  ${paint('hint:', 'bold', colour)} ${lines(error.hint)}\n`;
}

/** An error as it appears in JSON. */
export function failureObject({ code, message, hint, position }: SecureError): object {
  return { code, message, hint: hint ?? null, position: position ?? null };
}

export function failureJson(error: SecureError): string {
  return jsonText({ schemaVersion: 1, error: failureObject(error) }, 2);
}

/** The chain of stacks, down to the first cause. */
function stacks(thrown: unknown): string {
  const parts: string[] = [];
  for (let at = thrown; at instanceof Error && parts.length < 10; at = at.cause) parts.push(at.stack ?? at.message);
  return `${parts.join('\ncaused by: ')}\n`;
}

/** Print a failure: JSON on stdout where JSON was asked for, else text on stderr. Stacks only with SECURE_DEBUG=1. */
export function printFailure(thrown: unknown, json: boolean): SecureError {
  const error = asSecureError(thrown);
  if (json) print(failureJson(error));
  else printError(failureText(error, colourful(2)));
  if (process.env.SECURE_DEBUG === '1') printError(stacks(thrown));
  return error;
}
