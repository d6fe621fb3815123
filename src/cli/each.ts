// SPDX-License-Identifier: Apache-2.0
// Commands on several containers: all are tried, each failure is reported, one failure makes the exit code 1.
import { ExitCode } from '../errors.ts';
import { asSecureError, failureObject, printFailure } from './failure.ts';
import { jsonText, print } from './output.ts';

/**
 * Do `action` on each, at the same time. Prints what `action` returns, or the container as it was named, a line each in
 * the order given; as JSON one document with all results.
 */
export async function onEach<T>(
  names: readonly string[],
  json: boolean,
  action: (name: string) => Promise<T>,
  line: (result: T, name: string) => string = (_, name) => name,
): Promise<number> {
  const settled = await Promise.allSettled(names.map(action));
  const failed = settled.some((result) => result.status === 'rejected');
  if (json) {
    const results = settled.map((result, i) => ({
      container: names[i],
      ...(result.status === 'rejected'
        ? { error: failureObject(asSecureError(result.reason)) }
        : { result: result.value ?? null }),
    }));
    print(jsonText({ schemaVersion: 1, results }, 2));
  } else {
    for (const [i, result] of settled.entries()) {
      if (result.status === 'fulfilled') print(`${line(result.value, names[i] ?? '')}\n`);
      else printFailure(result.reason, false);
    }
  }
  return failed ? ExitCode.findings : ExitCode.ok;
}
