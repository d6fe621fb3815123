// SPDX-License-Identifier: Apache-2.0
// The probe started by ourselves: here, and in a container of ours.
import { execFile } from 'node:child_process';
import { constants } from 'node:os';
import { MAX_BYTES } from '../../audit/facts/probe/read.ts';
import { ExitCode, SecureError } from '../../errors.ts';
import { probeBinary, runtimeBinary } from '../../runtime/binary.ts';
import { findContainer } from '../../runtime/containers/containers.ts';
import { parseFailure } from '../../runtime/containers/native.ts';

interface Ended {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
  readonly signal: string | null;
}

/** @throws SecureError AUDIT_UNREADABLE: it took too long, or said too much */
function call(program: string, args: readonly string[], name: string, seconds: number): Promise<Ended> {
  // A program that a container has stopped would not end otherwise, and secure-runtime takes it along.
  const limits = { maxBuffer: MAX_BYTES + 1, timeout: seconds * 1000, killSignal: 'SIGKILL' } as const;
  return new Promise((resolve, reject) => {
    const child = execFile(program, args, { ...limits, encoding: 'utf8' }, (error, stdout, stderr) => {
      const code = typeof error?.code === 'number' ? error.code : error === null ? 0 : -1;
      if (error?.code === ('ERR_CHILD_PROCESS_STDIO_MAXBUFFER' as never))
        reject(unanswered(name, `wrote more than ${MAX_BYTES} bytes`));
      else if (error?.killed === true) reject(unanswered(name, `did not end within ${seconds} seconds`));
      else resolve({ stdout, stderr, code, signal: error?.signal ?? null });
    });
    child.stdin?.end();
  });
}

export function unanswered(name: string, why: string): SecureError {
  return new SecureError('AUDIT_UNREADABLE', `the probe in ${name} ${why}`, {
    hint: "nothing is known of it; 'secure audit' looks at it from outside",
    exitCode: ExitCode.usage,
  });
}

/** In the words of its exit code. */
export function endedWith(code: number): string {
  if (code === 128 + constants.signals.SIGSYS) return 'was killed by a filter of system calls before it could answer';
  return `ended with code ${code} and no answer`;
}

/** Of the process that runs this. @throws SecureError AUDIT_UNREADABLE, RUNTIME_MISSING */
export async function probeHere(seconds: number): Promise<string> {
  const { stdout, code, signal } = await call(probeBinary(), [], 'here', seconds);
  if (code === 0) return stdout;
  throw unanswered('here', signal === null ? endedWith(code) : `was killed by ${signal}`);
}

/**
 * In a container of ours, as one more process of it with its user and its confinement, from a sealed copy in memory: nothing is written into the container, and
 * it needs nothing of it.
 * @throws SecureError NO_SUCH_CONTAINER, AMBIGUOUS_ID, CONTAINER_NOT_RUNNING, AUDIT_UNREADABLE, RUNTIME_MISSING
 */
export async function probeOwn(
  container: string,
  seconds: number,
): Promise<{ readonly name: string; readonly text: string }> {
  const { id, name } = await findContainer(container);
  const words = ['--error-format', 'json', 'container', 'exec', '--program', probeBinary(), id, '--', 'secure-probe'];
  const { stdout, stderr, code, signal } = await call(runtimeBinary(), words, container, seconds);
  if (code === 0) return { name: name || id.slice(0, 12), text: stdout };
  if (code === ExitCode.container) throw parseFailure(stderr, 'exec', `code ${code}`);
  throw unanswered(container, signal === null ? endedWith(code) : `was killed by ${signal}`);
}
