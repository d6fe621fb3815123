// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { ExitCode, SecureError } from '../../../errors.ts';
import { errnoOf } from '../durable.ts';

const TAIL = 15;
const PROXIES = ['http_proxy', 'https_proxy', 'no_proxy', 'TMPDIR'];

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Every line of its stderr. */
  readonly onLine?: (line: string) => void;
}

/** An environment in which nothing of the caller's changes the result. */
function environment(extra: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const kept = PROXIES.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]]));
  return {
    PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
    LC_ALL: 'C.UTF-8',
    TZ: 'UTC',
    DEBIAN_FRONTEND: 'noninteractive',
    ...Object.fromEntries(kept),
    ...extra,
  };
}

/** Run a tool and return its stdout. Throws TOOL_MISSING, or BUILD_FAILED with the last lines that it printed. */
export async function runCommand({ program, args, env, onLine }: Command): Promise<string> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: environment(env) });
  const tail: string[] = [];
  createInterface(child.stderr).on('line', (line) => {
    onLine?.(line);
    tail.push(line.slice(0, 500));
    if (tail.length > TAIL) tail.shift();
  });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk;
  });
  const status = await new Promise<string>((resolve, reject) => {
    child.on('error', (cause) => reject(startFailure(program, cause)));
    child.on('close', (code, signal) => resolve(signal === null ? `exit code ${code}` : `signal ${signal}`));
  });
  if (status === 'exit code 0') return stdout;
  const full = tail.some((line) => line.includes('No space left on device'));
  throw new SecureError(full ? 'NO_SPACE' : 'BUILD_FAILED', `${program} failed (${status}):\n${tail.join('\n')}`, {
    exitCode: full ? ExitCode.host : ExitCode.internal,
  });
}

function startFailure(program: string, cause: Error): SecureError {
  if (errnoOf(cause) !== 'ENOENT') return new SecureError('BUILD_FAILED', `${program} cannot be started`, { cause });
  return new SecureError('TOOL_MISSING', `${program} is not installed`, {
    hint: 'apt-get install mmdebstrap apt',
    exitCode: ExitCode.host,
    cause,
  });
}
