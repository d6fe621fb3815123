// SPDX-License-Identifier: Apache-2.0
// Which ports of the container are reached from where. The operator's word publishes; that something listens there has to
// be declared by the policy, its workload or the image.
import { SecureError } from '../../errors.ts';
import type { Sourced } from '../../policies/index.ts';
import { isLoopback } from '../address.ts';
import { type Context, denied, invalid } from './context.ts';
import type { NetworkSpec, PublishedPort } from './spec.ts';
import type { PublishRequest } from './types.ts';

/** What native code takes; each port holds a socket open. */
const MOST = 1024;
const LOOPBACK = '127.0.0.1';

export interface Exposed {
  readonly protocol: 'tcp' | 'udp';
  readonly port: number;
}

/** The ports that an image says it listens on: `80`, `80/tcp`, `53/udp`. What reads otherwise means nothing here. */
export function exposedPorts(declared: readonly string[]): Exposed[] {
  // By name: an image may expose ten thousand, and each -p is held against them.
  const found = new Map<string, Exposed>();
  for (const text of declared) {
    const [, digits = '', protocol = 'tcp'] = /^(\d{1,5})(?:\/(tcp|udp))?$/.exec(text) ?? [];
    const port = Number(digits);
    if (port >= 1 && port <= 65535)
      found.set(`${port}/${protocol}`, { protocol: protocol as Exposed['protocol'], port });
  }
  return [...found.values()];
}

/** `-p` for everything exposed that has none. */
function allExposed({ request, image, reasons, policy }: Context, exposed: readonly Exposed[]): PublishRequest[] {
  if (!request.publishAll) return [];
  const given = new Set(request.publish.map(({ containerPort, protocol }) => `${containerPort}/${protocol}`));
  const missing = exposed.filter(({ protocol, port }) => !given.has(`${port}/${protocol}`));
  if (missing.length === 0 && request.publish.length === 0) {
    const why = `${image.reference} exposes no port: name them with -p`;
    const { by } = policy.run.publishAddress;
    reasons.add({ control: 'publish', decision: 'none', by, why, required: false, status: 'off' });
  }
  return missing.map(({ protocol, port }) => ({ text: `${port}/${protocol}`, protocol, containerPort: port }));
}

/** Where it is allowed to listen. @throws SecureError POLICY_DENIED */
function checkDeclared({ policy }: Context, exposed: ReadonlySet<string>, request: PublishRequest): void {
  const { text, protocol, containerPort: port } = request;
  const { value: ports, by } = policy.run.ports;
  if (ports === 'any' || ports.includes(port) || exposed.has(`${port}/${protocol}`)) return;
  const wider = policy.ceilings.ports?.value ?? [];
  const grantable = wider === 'any' || wider.includes(port);
  const own = grantable ? `declare it in a policy of your own: ports: [${port}]; or ` : '';
  throw denied(
    `-p ${text}: listening on port ${port}/${protocol} of the container`,
    by,
    `${own}EXPOSE ${port}/${protocol} in the image`,
  );
}

function refused(text: string, why: string, hint: string): SecureError {
  return new SecureError('PORT_REFUSED', `-p ${text}: ${why}`, { hint });
}

/** The addresses of the host, by the policy where none was asked for. @throws SecureError POLICY_DENIED, PORT_REFUSED */
function addresses(rule: Sourced<string>, request: PublishRequest, ipv6: boolean): string[] {
  const { text, hostAddress: asked, hostPort } = request;
  if (asked === undefined) {
    if (rule.value !== 'any') return [LOOPBACK];
    // Two free ports would be two numbers: without one that was chosen, IPv4 alone.
    return ipv6 && hostPort !== undefined ? ['0.0.0.0', '::'] : ['0.0.0.0'];
  }
  if (rule.value === 'loopback' && !isLoopback(asked))
    throw denied(
      `-p ${text}: publishing on ${asked}`,
      rule.by,
      'leave the address out, which means 127.0.0.1, or grant it in a policy of your own: run: { publishAddress: ask }',
    );
  if (asked === '::1')
    throw refused(text, 'the kernel forwards nothing from ::1', `publish on ${LOOPBACK} or on an address of the host`);
  if (asked.includes(':') && !ipv6)
    throw refused(
      text,
      'containers have no IPv6 here',
      'give an IPv4 address; IPv6 is off on this host or by SECURE_SUBNET6',
    );
  return [asked];
}

const UNSPECIFIED = ['0.0.0.0', '::'];

/** Do two entries want the same socket of the host? */
function clash(a: PublishedPort, b: PublishedPort): boolean {
  if (a.protocol !== b.protocol || a.hostPort !== b.hostPort) return false;
  if (a.hostAddress.includes(':') !== b.hostAddress.includes(':')) return false;
  if (a.hostPort === 0) return a.hostAddress === b.hostAddress && a.containerPort === b.containerPort;
  return a.hostAddress === b.hostAddress || [a, b].some((one) => UNSPECIFIED.includes(one.hostAddress));
}

/** `127.0.0.1:8080 -> 80/tcp`; `*` is a free port. */
export const portText = ({ hostAddress, hostPort, containerPort, protocol }: PublishedPort): string => {
  const host = hostAddress.includes(':') ? `[${hostAddress}]` : hostAddress;
  return `${host}:${hostPort === 0 ? '*' : hostPort} -> ${containerPort}/${protocol}`;
};

/** One line for each; a range is one. */
function explain(
  { reasons, policy }: Context,
  ports: readonly PublishedPort[],
  given: readonly PublishRequest[],
): void {
  const { value: rule, by } = policy.run.publishAddress;
  const listed = ports.slice(0, 8).map(portText).join(', ');
  const rest = ports.length > 8 ? ` and ${ports.length - 8} more` : '';
  const open = ports.some((port) => !isLoopback(port.hostAddress));
  const implied = given.some((one) => one.hostAddress === undefined);
  const place =
    rule === 'any' ? 'every address of the host, as no address was given' : '127.0.0.1 where no address was given';
  const why = implied ? place : 'on the addresses that were asked for';
  const outside = open ? '; whoever reaches the host reaches it' : '; only this host reaches it';
  reasons.add({ control: 'publish', decision: listed + rest, by, why: why + outside, required: false });
}

/**
 * Every published port, in the order of the request.
 * @throws SecureError POLICY_DENIED, PORT_REFUSED, INVALID_VALUE
 */
export function planPorts(context: Context, ipv6: boolean): NetworkSpec['ports'] {
  const exposed = exposedPorts(context.image.config.exposedPorts);
  const given = [...context.request.publish, ...allExposed(context, exposed)];
  if (given.length > MOST) throw invalid('-p and -P', String(given.length), `a number of ports up to ${MOST}`);
  const names = new Set(exposed.map(({ port, protocol }) => `${port}/${protocol}`));
  const ports: PublishedPort[] = [];
  const seen = new Map<string, PublishedPort[]>();
  for (const one of given) {
    checkDeclared(context, names, one);
    for (const hostAddress of addresses(context.policy.run.publishAddress, one, ipv6)) {
      const { protocol, containerPort, hostPort = 0 } = one;
      const port = { protocol, hostAddress, hostPort, containerPort };
      const key = `${protocol} ${hostPort}`;
      const same = seen.get(key) ?? [];
      const before = same.find((other) => clash(port, other));
      if (before !== undefined) throw invalid('-p', one.text, `free: ${portText(before)} is published already`);
      seen.set(key, [...same, port]);
      ports.push(port);
    }
  }
  if (ports.length > MOST) throw invalid('-p', String(ports.length), `a number of ports up to ${MOST}`);
  if (ports.length > 0) explain(context, ports, given);
  return ports;
}
