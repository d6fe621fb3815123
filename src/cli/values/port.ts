// SPDX-License-Identifier: Apache-2.0
// -p [HOST-ADDRESS:][HOST-PORT[-END]:]CONTAINER-PORT[-END][/PROTOCOL].
import { canonicalAddress } from '../../runtime/address.ts';
import type { PublishRequest } from '../../runtime/plan/types.ts';
import { invalidValue } from '../read.ts';

const EXPECTED =
  '[HOST-ADDRESS:][HOST-PORT:]CONTAINER-PORT[/tcp|/udp] such as 8080:80, 127.0.0.1:5353:53/udp, [::]:8080:80 or 8000-8009:80-89';
/** What one flag may expand to; the plan bounds the sum. */
const LONGEST_RANGE = 1024;

interface Range {
  readonly first: number;
  readonly count: number;
}

function range(flag: string, text: string, part: string): Range {
  const [, from = '', to = from] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part) ?? [];
  const [first, last] = [Number(from), Number(to)];
  if (from === '') throw invalidValue(flag, text, EXPECTED);
  if (first < 1 || last > 65_535) throw invalidValue(flag, text, `ports from 1 to 65535, which ${part} is not`);
  if (last < first) throw invalidValue(flag, text, `a range from low to high, which ${part} is not`);
  if (last - first >= LONGEST_RANGE) throw invalidValue(flag, text, `a range of at most ${LONGEST_RANGE} ports`);
  return { first, count: last - first + 1 };
}

/** The address in front, without its colon; only an IPv6 address has brackets, and it always has them. */
function split(flag: string, text: string): { address: string | undefined; ports: string } {
  const [, bracketed, after] = /^\[([^\]]*)\]:(.*)$/s.exec(text) ?? [];
  if (bracketed !== undefined && after !== undefined) {
    if (!bracketed.includes(':')) throw invalidValue(flag, text, 'an IPv6 address in the brackets');
    return { address: bracketed, ports: after };
  }
  const fields = text.split(':');
  if (fields.length > 3) throw invalidValue(flag, text, 'an IPv6 address in brackets, such as [::]:8080:80');
  const [first = '', ...rest] = fields;
  const address = rest.length > 0 && (rest.length === 2 || first.includes('.'));
  return address ? { address: first, ports: rest.join(':') } : { address: undefined, ports: text };
}

/** One entry per port. @throws SecureError INVALID_VALUE */
export function parsePublish(flag: string, text: string): PublishRequest[] {
  const [, mapping = '', protocol = 'tcp'] = /^([^/]*)(?:\/(.*))?$/s.exec(text) ?? [];
  if (protocol !== 'tcp' && protocol !== 'udp') throw invalidValue(flag, text, 'tcp or udp after the slash');
  const { address, ports } = split(flag, mapping);
  const hostAddress = address === undefined ? undefined : canonicalAddress(address);
  if (address !== undefined && hostAddress === undefined)
    throw invalidValue(flag, text, `an address of this host in numbers, which ${JSON.stringify(address)} is not`);
  const fields = ports.split(':');
  if (fields.length > 2) throw invalidValue(flag, text, EXPECTED);
  const inside = range(flag, text, fields.at(-1) ?? '');
  // `ADDRESS::PORT` leaves the port of the host open, as docker has it.
  const open = fields.length === 1 || (fields[0] === '' && address !== undefined);
  const outside = open ? undefined : range(flag, text, fields[0] ?? '');
  if (outside !== undefined && outside.count !== inside.count)
    throw invalidValue(flag, text, `two ranges of the same length: ${outside.count} and ${inside.count} ports`);
  return Array.from({ length: inside.count }, (_, i) => ({
    text,
    protocol,
    ...(hostAddress === undefined ? {} : { hostAddress }),
    ...(outside === undefined ? {} : { hostPort: outside.first + i }),
    containerPort: inside.first + i,
  }));
}
