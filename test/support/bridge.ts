// SPDX-License-Identifier: Apache-2.0
// Plans with a network written by hand, so that these tests say what the native side does with any plan, and what there is on a host.
import { readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { NetNs } from './netns.ts';
import { bend, type LooseNetwork, type LoosePlan, planOf } from './plan.ts';
import type { Secure } from './secure.ts';

export const NETWORK: LooseNetwork = {
  driver: 'bridge',
  bridge: 'secrt0',
  subnet4: '10.213.0.0/24',
  subnet6: 'fd7c:5ec0:e02::/64',
  address4: '',
  address6: '',
  egress: 'none',
  hostAccess: false,
  ports: [],
};

/** A plan without a network. */
export const unattached = (secure: Secure, ...args: readonly string[]): Promise<LoosePlan> =>
  planOf(secure, '--network', 'none', ...args);

/** The same on a bridge, with the slots of its addresses and ports. */
export function attached(plan: LoosePlan, network: Partial<LooseNetwork> = {}): LoosePlan {
  return bend(plan, ({ secure }) => {
    const made = structuredClone({ ...NETWORK, ...network });
    secure.network = made;
    secure.slots.push({ at: '/secure/network/address4', type: 'address4' });
    if (made.subnet6 !== null) secure.slots.push({ at: '/secure/network/address6', type: 'address6' });
    made.ports.forEach((port, at) => {
      if (port.hostPort === 0) secure.slots.push({ at: `/secure/network/ports/${at}/hostPort`, type: 'host-port' });
    });
  });
}

export const port = (hostPort: number, containerPort = 80, hostAddress = '127.0.0.1', protocol = 'tcp') => ({
  protocol,
  hostAddress,
  hostPort,
  containerPort,
});

/** What the body of a page is, asked from inside the namespace; '' when nobody answers. */
export async function page(netns: NetNs, address: string, number: number): Promise<string> {
  const input = 'GET / HTTP/1.0\r\n\r\n';
  const { stdout } = await netns.run('busybox', ['nc', '-w', '3', address, String(number)], { input });
  return stdout.split('\r\n\r\n')[1] ?? '';
}

/** A web server that says `text`. */
export const serve = (text: string, number = 80): string[] => [
  'sh',
  '-c',
  `mkdir /tmp/www && echo ${text} >/tmp/www/index.html && exec httpd -f -p ${number} -h /tmp/www`,
];

/** Everything of networks and containers that an instance may leave behind, as one text. */
export async function remains(secure: Secure, netns: NetNs): Promise<string> {
  const list = (path: string): string[] => {
    try {
      return readdirSync(path);
    } catch {
      return [];
    }
  };
  const owned = list('/run/secure-host/ids').filter((id) =>
    readlinkSync(join('/run/secure-host/ids', id)).startsWith(`${secure.root}/`),
  );
  const networks = list('/run/secure-host/networks').filter((name) => name.endsWith(`@${netns.inode}`));
  const state = ['containers', 'names', 'ranges'].map((sub) => list(join(secure.env.SECURE_STATE_ROOT ?? '', sub)));
  const kernel = await netns.sh(
    `ls /sys/class/net; nft list ruleset; cd /proc/sys/net
     cat ipv4/ip_forward ipv4/conf/all/accept_redirects ipv6/conf/all/forwarding ipv6/conf/lo/accept_ra`,
  );
  return JSON.stringify([owned, networks, state, kernel.split('\n')], null, 1);
}
