// SPDX-License-Identifier: Apache-2.0
// What the container is attached to, what may go out, and whether it reaches the host. docs/network.md says how that is made.
import { SecureError } from '../../errors.ts';
import type { Ports } from '../../policies/index.ts';
import { isLoopback } from '../address.ts';
import { type Context, denied } from './context.ts';
import { planPorts } from './publish.ts';
import type { NetworkSpec } from './spec.ts';
import type { RunRequest } from './types.ts';

const GATEWAY = 'host-gateway';

/** What makes no sense together, told without knowing image or policy. @throws SecureError USAGE */
export function checkNetworkRequest(
  request: Pick<RunRequest, 'network' | 'publish' | 'publishAll' | 'addHosts' | 'dns'>,
): void {
  if (request.network !== 'none') return;
  const [port] = request.publish;
  const flag =
    port !== undefined
      ? `-p ${port.text}`
      : request.publishAll
        ? '-P'
        : request.addHosts.some(({ address }) => address === GATEWAY)
          ? `--add-host …:${GATEWAY}`
          : request.dns.some((address) => !isLoopback(address))
            ? '--dns'
            : undefined;
  if (flag === undefined) return;
  throw new SecureError('USAGE', `--network none and ${flag} exclude each other`, {
    hint: `leave one out: without a network nothing is reached, in or out`,
  });
}

const egressOf = (ports: Ports): NetworkSpec['egress'] =>
  ports === 'any' ? 'any' : ports.length === 0 ? 'none' : [...new Set(ports)].sort((a, b) => a - b);

/** Both have to say so: the policy that it may, the request that it wants to. @throws SecureError POLICY_DENIED */
function planHostAccess({ request, policy, reasons }: Context): boolean {
  const asked = request.addHosts.find(({ address }) => address === GATEWAY);
  const { value: allowed, by } = policy.run.hostAccess;
  if (asked !== undefined && !allowed)
    throw denied(
      `--add-host ${asked.name}:${GATEWAY}: reaching the host`,
      by,
      'grant it in a policy of your own: run: { hostAccess: true }; it opens every port of the host to the container',
    );
  const on = asked !== undefined;
  const why = on
    ? `asked for with --add-host ${asked.name}:${GATEWAY}`
    : allowed
      ? `allowed, and not asked for (--add-host host.internal:${GATEWAY})`
      : "the host's own addresses cannot be reached";
  reasons.add({ control: 'host-access', decision: on ? 'allowed' : 'none', by, why, required: !on });
  return on;
}

/** Why it is attached, or undefined when nothing needs it. */
function need(context: Context): string | undefined {
  const { request, policy } = context;
  if (request.network === 'bridge') return 'asked for by the request';
  if (request.publish.length > 0 || request.publishAll) return 'for its published ports';
  if (policy.run.egress.value === 'any') return 'the policy lets it reach everything outside';
  if (policy.run.egress.value.length > 0) return 'for the egress that is declared';
  if (request.addHosts.some(({ address }) => address === GATEWAY)) return 'to reach the host';
  return undefined;
}

function detached({ policy, reasons }: Context, why: string): null {
  reasons.add({ control: 'network', decision: 'none', by: policy.run.network.by, why });
  return null;
}

/**
 * The attachment, null for loopback only: what works with the least.
 * @throws SecureError POLICY_DENIED, PORT_REFUSED, USAGE, INVALID_VALUE
 */
export function planNetwork(context: Context): NetworkSpec | null {
  const { request, policy, host, network, reasons } = context;
  checkNetworkRequest(request);
  const { value: most, by } = policy.run.network;
  const wanted = need(context);
  if (most === 'none') {
    if (request.network === 'bridge')
      throw denied('--network bridge', by, 'leave it out, or use a policy with network: bridge');
    const [port] = request.publish;
    if (port !== undefined || request.publishAll)
      throw denied(
        `${port === undefined ? '-P' : `-p ${port.text}`}: publishing`,
        by,
        'use a policy with network: bridge',
      );
    planHostAccess(context);
    return detached(context, 'a network of its own with nothing but loopback');
  }
  if (request.network === 'none') return detached(context, 'asked for by the request: nothing but loopback');
  if (wanted === undefined)
    return detached(context, 'nothing is published and no egress is declared: nothing but loopback is needed');
  const subnet6 = host.ipv6 ? network.subnet6 : null;
  const subnets = subnet6 === null ? network.subnet4 : `${network.subnet4} ${subnet6}`;
  reasons.add({
    control: 'network',
    decision: `bridge ${network.bridge} ${subnets}`,
    by,
    why: wanted,
  });
  const egress = egressOf(policy.run.egress.value);
  const ports = typeof egress === 'string' ? egress : `TCP and UDP ports ${egress.join(' ')}`;
  reasons.add({
    control: 'egress',
    decision: ports,
    by: policy.run.egress.by,
    why:
      egress === 'any' ? 'the policy allows every connection to the outside' : 'the table of the bridge drops the rest',
    required: egress !== 'any',
    status: egress === 'any' ? 'off' : 'enforced',
  });
  const published = planPorts(context, subnet6 !== null);
  return {
    driver: 'bridge',
    bridge: network.bridge,
    subnet4: network.subnet4,
    subnet6,
    address4: '',
    address6: subnet6 === null ? null : '',
    egress,
    hostAccess: planHostAccess(context),
    ports: published,
  };
}

/**
 * Its device makes the host's network namespace known inside (IFLA_TARGET_NETNSID): with NET_ADMIN and without a user namespace of its own the
 * container would change the host's devices. The native side refuses it as well.
 * @throws SecureError CONTROL_UNAVAILABLE
 */
export function checkHostDevices(
  network: NetworkSpec | null,
  userNamespace: boolean,
  bounding: readonly string[],
): void {
  if (network === null || userNamespace || !bounding.includes('CAP_NET_ADMIN')) return;
  throw new SecureError(
    'CONTROL_UNAVAILABLE',
    "NET_ADMIN on a bridge needs a user namespace: without one it also changes the host's network devices",
    { hint: 'use a policy with user: { namespace: required }, leave NET_ADMIN out, or give --network none' },
  );
}

/** May it ask a name server? */
export const reachesDns = (network: NetworkSpec | null): boolean =>
  network !== null && (network.egress === 'any' || (network.egress !== 'none' && network.egress.includes(53)));

/** The bridge's own address: the first of the subnet, which is the host as the container sees it. */
export function gatewayOf(subnet4: string): string {
  const [a = 0, b = 0, c = 0, d = 0] = subnet4.split('/', 1)[0]?.split('.').map(Number) ?? [];
  return [a, b, c, d + 1].join('.');
}
