// SPDX-License-Identifier: Apache-2.0
// One call of secure-runtime whose answer is waited for. Commands that become the container's process go through
// launch.ts instead.
import { execFile } from 'node:child_process';
import { ExitCode, SecureError } from '../../errors.ts';
import { runtimeBinary } from '../binary.ts';

/** Output of `list` with tens of thousands of containers; more than that is a fault. */
const MAX_OUTPUT = 64 * 1024 * 1024;

export interface Answer {
  readonly exitCode: number;
  readonly stdout: string;
}

interface ErrorLine {
  code?: unknown;
  message?: unknown;
  hint?: unknown;
  stage?: unknown;
}

/** Next steps in the words of this command line, where secure-runtime names its own commands. */
const HINTS: ReadonlyMap<string, string> = new Map([
  ['NO_SUCH_CONTAINER', "'secure ps -a' lists them"],
  ['AMBIGUOUS_ID', "give more of the id; 'secure ps -a --no-trunc' shows all of it"],
  ['CONTAINER_RUNNING', "stop it first, or use 'secure rm --force'"],
]);

/** The last JSON line of stderr is the error; what else is there came before it (a sanitizer, a loader). */
export function parseFailure(stderr: string, command: string, status: string): SecureError {
  for (const line of stderr.trimEnd().split('\n').reverse()) {
    let parsed: ErrorLine;
    try {
      parsed = JSON.parse(line) as ErrorLine;
    } catch {
      continue;
    }
    if (typeof parsed.code !== 'string' || typeof parsed.message !== 'string') continue;
    const said = typeof parsed.hint === 'string' && parsed.hint !== '' ? parsed.hint : undefined;
    const text = HINTS.get(parsed.code) ?? said;
    const hint = text === undefined ? {} : { hint: text };
    return new SecureError(parsed.code, parsed.message, { ...hint, exitCode: ExitCode.findings });
  }
  const detail = stderr.trim() === '' ? '' : `: ${stderr.trim().slice(-500)}`;
  return new SecureError('RUNTIME_FAILED', `secure-runtime ${command} ended with ${status}${detail}`, {
    hint: 'this is a bug in secure-runtime: please report it with the output above',
    exitCode: ExitCode.internal,
  });
}

/**
 * Run `secure-runtime container ARGS`. `accept` lists exit codes that are answers rather than failures.
 * @throws SecureError with the code that the runtime reported, RUNTIME_MISSING, RUNTIME_FAILED.
 */
export function callRuntime(
  args: readonly [string, ...string[]],
  options: { accept?: readonly number[]; signal?: AbortSignal } = {},
): Promise<Answer> {
  const [command, ...rest] = args;
  const argv = ['--error-format', 'json', 'container', command, ...rest];
  return new Promise((resolve, reject) => {
    const { signal } = options;
    const child = execFile(
      runtimeBinary(),
      argv,
      { maxBuffer: MAX_OUTPUT, encoding: 'utf8', ...(signal === undefined ? {} : { signal }) },
      (error, stdout, stderr) => {
        const exitCode = error === null ? 0 : error.code;
        if (typeof exitCode === 'number' && (exitCode === 0 || (options.accept ?? []).includes(exitCode))) {
          resolve({ exitCode, stdout });
        } else if (signal?.aborted === true) reject(signal.reason);
        else reject(parseFailure(stderr, command, error?.signal ? `signal ${error.signal}` : `code ${exitCode}`));
      },
    );
    child.stdin?.end();
  });
}
