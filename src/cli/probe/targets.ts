// SPDX-License-Identifier: Apache-2.0
// What the operands of `secure probe` mean: containers of ours or of an engine, or what a probe printed elsewhere.
import { MAX_BYTES } from '../../audit/facts/probe/read.ts';
import { collectProbe, type ProbeFacts } from '../../audit/facts/probe.ts';
import { readTextFile } from '../../audit/read-file.ts';
import { requireRoot } from '../../runtime/launch.ts';
import type { SocketEngine } from '../audit/engines.ts';
import { hostHere } from './host.ts';
import { probeHere, probeOwn } from './own.ts';

export interface ProbeOptions {
  /** Whose containers are named; undefined: ours. */
  readonly engine?: SocketEngine | undefined;
  readonly socket?: string | undefined;
  /** That a probe may take. */
  readonly seconds: number;
  note(line: string): void;
}

export interface Probed {
  readonly facts: ProbeFacts;
  /** What the probe wrote. */
  readonly text: string;
}

/** `docker:web`: whose it is, whatever --engine says. `secure:web`: ours. */
const NAMED = /^(secure|docker|podman):(.*)$/s;

/** A path, or standard input; names of containers have no slash. */
const isFile = (operand: string): boolean => operand === '-' || operand.includes('/') || operand.endsWith('.json');

async function answer(
  operand: string,
  { engine, socket, seconds, note }: ProbeOptions,
): Promise<{ name: string; text: string }> {
  if (isFile(operand)) return { name: operand === '-' ? 'stdin' : operand, text: readTextFile(operand, MAX_BYTES) };
  const [, whose = engine ?? 'secure', name = operand] = NAMED.exec(operand) ?? [];
  if (whose === 'secure') {
    requireRoot(process.geteuid?.() ?? -1);
    return probeOwn(name, seconds);
  }
  const { probeEngine } = await import('./engine.ts');
  // --socket is where the engine of --engine listens.
  const listens = whose === engine ? socket : undefined;
  return probeEngine({ engine: whose as SocketEngine, socket: listens, seconds }, name, note);
}

/**
 * One after the other: what two probes try at once would be in each other's way. None: this process.
 * @throws SecureError AUDIT_UNREADABLE, NO_SUCH_CONTAINER, CONTAINER_NOT_RUNNING, NOT_ROOT
 */
export async function probeTargets(operands: readonly string[], options: ProbeOptions): Promise<Probed[]> {
  if (operands.length === 0) {
    const text = await probeHere(options.seconds);
    // Compared with itself everything is shared: only what the kernel says for certain counts.
    return [{ facts: collectProbe(text, 'here', null), text }];
  }
  const host = hostHere();
  const found: Probed[] = [];
  for (const operand of new Set(operands)) {
    const { name, text } = await answer(operand, options);
    found.push({ facts: collectProbe(text, name, host), text });
  }
  return found;
}
