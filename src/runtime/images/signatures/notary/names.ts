// SPDX-License-Identifier: Apache-2.0
// Distinguished names: those of certificates, and those that a trust policy asks for (Notary Project trust-store-trust-policy.md,
// "Trusted Identities Constraints").
import { SecureError } from '../../../../errors.ts';
import { parseSubject, type Subject } from '../../../../policies/subjects.ts';
import { oidText, readDer, readOne, TAG } from './der.ts';

/** Somebody, or everybody who has a certificate of the roots. */
export type NotaryIdentity = { readonly text: string; readonly name?: Subject };

const TYPES: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN',
  '2.5.4.5': 'SERIALNUMBER',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.9': 'STREET',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  '2.5.4.17': 'POSTALCODE',
};
/** UTF8String, PrintableString, IA5String: all of them UTF-8. */
const TEXTS = [0x0c, 0x13, 0x16];

/** Subject of a certificate. One that has an attribute twice has no single meaning. @throws RangeError */
export function subjectName(raw: Buffer): Subject {
  const name = new Map<string, string>();
  for (const set of readDer(readOne(raw, TAG.sequence).value)) {
    for (const { value } of readDer(set.value)) {
      const [oid, text] = readDer(value);
      if (oid === undefined || text === undefined) throw new RangeError('no name');
      const type = TYPES[oidText(oid)];
      if (type === undefined) continue;
      if (!TEXTS.includes(text.tag)) throw new RangeError(`its subject has ${type} in an encoding that is not read`);
      if (name.has(type)) throw new RangeError(`its subject has ${type} twice`);
      name.set(type, new TextDecoder('utf-8', { fatal: true }).decode(text.value));
    }
  }
  return name;
}

const escaped = (text: string): string => text.replace(/[,;\\]|^ | $/g, '\\$&');

export const nameText = (name: Subject): string =>
  [...name].map(([type, value]) => `${type}=${escaped(value)}`).join(', ');

/** An identity as trust policies of the Notary Project have it. @throws SecureError INVALID_VALUE */
export function readIdentity(text: string): NotaryIdentity {
  try {
    const name = parseSubject(text);
    return name === undefined ? { text } : { text, name };
  } catch (cause) {
    throw new SecureError(
      'INVALID_VALUE',
      `identity ${JSON.stringify(text.slice(0, 200))} ${(cause as Error).message}`,
      {
        hint: 'write it as "x509.subject: C=US, ST=WA, O=acme.example", or "*" for every certificate of the roots',
        cause,
      },
    );
  }
}

/** Whether all that the identity says is true of the name. */
export const matchesIdentity = (identity: NotaryIdentity, name: Subject): boolean =>
  [...(identity.name ?? [])].every(([type, value]) => name.get(type) === value);
