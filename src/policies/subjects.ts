// SPDX-License-Identifier: Apache-2.0
// Whom a rule about signatures of the Notary Project names (trust-store-trust-policy.md, "Trusted Identities Constraints").

/** Types of attributes by their short names. */
export type Subject = ReadonlyMap<string, string>;

const KNOWN = new Set(['CN', 'SERIALNUMBER', 'C', 'L', 'ST', 'STREET', 'O', 'OU', 'POSTALCODE']);
const REQUIRED = ['C', 'ST', 'O'];
const PREFIX = 'x509.subject:';

/** The value without the spaces around it; one that is escaped belongs to it. */
function unescaped(value: string): string {
  const kept = /^\s*((?:\\.|[^\\])*?)\s*$/su.exec(value)?.[1] ?? '';
  return kept.replace(/\\(.)/gsu, '$1');
}

/**
 * `x509.subject: C=…, ST=…, O=…` and more; undefined for `*`, which is everybody.
 * @throws SyntaxError with what is wrong
 */
export function parseSubject(text: string): Subject | undefined {
  if (text === '*') return undefined;
  if (!text.startsWith(PREFIX)) throw new SyntaxError(`does not begin with ${PREFIX}`);
  const rest = text.slice(PREFIX.length);
  const parts = rest.match(/(?:\\.|[^\\,])+/gsu) ?? [];
  if (parts.join(',') !== rest) throw new SyntaxError('has an empty part, or ends within one');
  const subject = new Map<string, string>();
  for (const part of parts) {
    const [, type = '', value = ''] = /^\s*([A-Za-z]+)\s*=(.*)$/su.exec(part) ?? [];
    const name = type.toUpperCase() === 'S' ? 'ST' : type.toUpperCase();
    if (!KNOWN.has(name))
      throw new SyntaxError(`has ${JSON.stringify(part.trim().slice(0, 40))}, which is no attribute`);
    if (subject.has(name)) throw new SyntaxError(`has ${name} twice`);
    subject.set(name, unescaped(value));
  }
  const missing = REQUIRED.find((name) => (subject.get(name) ?? '') === '');
  if (missing !== undefined) throw new SyntaxError(`has no ${missing}: it needs C, ST and O`);
  return subject;
}
