// SPDX-License-Identifier: Apache-2.0
import { canonicalAddress } from '../../runtime/address.ts';
import type { HostRequest } from '../../runtime/plan/types.ts';
import { invalidValue } from '../read.ts';

/** `--dns`. @throws SecureError INVALID_VALUE */
export function parseServer(flag: string, text: string): string {
  const address = canonicalAddress(text);
  if (address === undefined || address === '0.0.0.0' || address === '::')
    throw invalidValue(flag, text, 'the address of a name server, such as 9.9.9.9 or 2620:fe::fe');
  return address;
}

const LABEL = '[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?';
const NAME = new RegExp(`^${LABEL}(?:\\.${LABEL})*\\.?$`);
const isName = (text: string): boolean => text.length <= 253 && NAME.test(text);

/** `--dns-search`. @throws SecureError INVALID_VALUE */
export function parseDomain(flag: string, text: string): string {
  if (text === '.' || isName(text)) return text;
  throw invalidValue(flag, text, "a domain such as corp.example, or '.' for none");
}

/** `--dns-option`: resolv.conf(5). @throws SecureError INVALID_VALUE */
export function parseDnsOption(flag: string, text: string): string {
  if (/^[a-z][a-z0-9-]{0,31}(?::\d{1,5})?$/.test(text)) return text;
  throw invalidValue(flag, text, 'an option of resolv.conf such as ndots:2');
}

/** `--add-host NAME:ADDRESS`. @throws SecureError INVALID_VALUE */
export function parseHost(flag: string, text: string): HostRequest {
  const colon = text.indexOf(':');
  const [name, typed] = [text.slice(0, Math.max(colon, 0)), text.slice(colon + 1)];
  const address = typed === 'host-gateway' ? typed : canonicalAddress(typed.replace(/^\[(.*)\]$/, '$1'));
  if (isName(name) && address !== undefined) return { name, address };
  throw invalidValue(flag, text, 'NAME:ADDRESS such as db.internal:10.1.2.3, or NAME:host-gateway');
}
