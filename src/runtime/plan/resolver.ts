// SPDX-License-Identifier: Apache-2.0
// resolv.conf(5) of the container: whom it asks for names, if it can ask anybody.
import { isLoopback } from '../address.ts';
import { type Context, denied } from './context.ts';
import { reachesDns } from './network.ts';
import type { NetworkSpec } from './spec.ts';

/** MAXNS of resolv.h: further ones are not asked. */
const SERVERS = 3;

function settings({ request, host }: Context): string[] {
  const search = request.dnsSearch.length > 0 ? request.dnsSearch : host.resolver.search;
  const options = request.dnsOptions.length > 0 ? request.dnsOptions : host.resolver.options;
  // A lone dot takes the host's away.
  const domains = search.filter((domain) => domain !== '.');
  return [
    ...(domains.length > 0 ? [`search ${domains.join(' ')}`] : []),
    ...(options.length > 0 ? [`options ${options.join(' ')}`] : []),
  ];
}

const lines = (...text: readonly string[]): string => `${text.join('\n')}\n`;

/** The file's text. @throws SecureError POLICY_DENIED: a name server was asked for that it could not reach. */
export function planResolver(context: Context, network: NetworkSpec | null): string {
  const { request, host, policy, reasons } = context;
  const { by } = policy.run.egress;
  const own = request.dns.filter(isLoopback);
  if (!reachesDns(network)) {
    const outside = request.dns.find((address) => !isLoopback(address));
    if (outside !== undefined)
      throw denied(`--dns ${outside}: asking a name server`, by, 'declare it: egress: [53] in a policy of your own');
    const why = network === null ? 'it has no network' : 'port 53 is not in its egress';
    reasons.add({ control: 'dns', decision: own.join(' ') || 'none', by, why });
    if (own.length === 0) return lines(`# No name server: ${why}.`);
    return lines('# Made by secure.', ...own.map((address) => `nameserver ${address}`), ...settings(context));
  }
  const asked = request.dns.length > 0;
  // Without IPv6 in the container a server that is reached by it would only cost time.
  const known = asked
    ? request.dns
    : host.resolver.nameservers.filter((a) => !a.includes(':') || network?.subnet6 !== null);
  const servers = known.slice(0, SERVERS);
  reasons.add({
    control: 'dns',
    decision: servers.join(' ') || 'none',
    by,
    required: false,
    ...(servers.length > 0
      ? { why: asked ? 'asked for with --dns' : "the host's name servers" }
      : {
          status: 'unavailable',
          why: 'the host has only name servers on its own loopback: give one with --dns ADDRESS',
        }),
  });
  if (servers.length === 0) return lines('# No name server: those of the host are on its loopback; see --dns.');
  return lines('# Made by secure.', ...servers.map((address) => `nameserver ${address}`), ...settings(context));
}
