// SPDX-License-Identifier: Apache-2.0
// Facts from inside: what secure-probe said in a container. Pure: who asks has had it run.
import { type ProbeDocument, parseProbe } from './probe/read.ts';
import type { ProbeFacts, ProbeHost } from './probe/types.ts';

export { exampleFacts } from './probe/example.ts';
export type { ProbeFacts, ProbeHost };
export { parseProbe };

/**
 * @param host what the machine says of itself, where the container runs on it
 * @throws SecureError AUDIT_UNREADABLE: the text is no answer of a probe
 */
export function collectProbe(text: string, name: string, host: ProbeHost | null): ProbeFacts {
  const document: ProbeDocument = parseProbe(text, name);
  return { ...document, name, host };
}
