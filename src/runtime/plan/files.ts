// SPDX-License-Identifier: Apache-2.0
// Files that are made for one container: they lie in its record on the host and are mounted read-only over the image's.

import { beneath } from '../../policies/index.ts';
import { type Context, invalid } from './context.ts';
import { gatewayOf } from './network.ts';
import { mountDestination } from './paths.ts';
import { planResolver } from './resolver.ts';
import type { GeneratedFile, Mount, NetworkSpec, Slot } from './spec.ts';
import { planBundles } from './trust.ts';

/** Text, or a slot in it. */
type Piece = string | { readonly slot: 'address4' | 'address6' | 'id-short' };

export interface Generated {
  readonly destination: string;
  readonly name: string;
  readonly pieces: readonly Piece[];
}
export interface PlannedFiles {
  readonly files: readonly GeneratedFile[];
  readonly mounts: readonly Mount[];
  /** Places in `files`; those in `mounts` depend on their order. */
  readonly slots: readonly Slot[];
}

/** Adjacent text is one part, so that equal files are equal plans. */
function parts(pieces: readonly Piece[]): { parts: string[]; slots: { at: number; type: Slot['type'] }[] } {
  const texts: string[] = [];
  const slots: { at: number; type: Slot['type'] }[] = [];
  let open = false;
  for (const piece of pieces) {
    if (typeof piece !== 'string') {
      slots.push({ at: texts.push('') - 1, type: piece.slot });
      open = false;
    } else if (open) texts.push((texts.pop() ?? '') + piece);
    else {
      texts.push(piece);
      open = true;
    }
  }
  return { parts: texts, slots };
}

/**
 * hosts(5). Without a network the container's own name is on loopback, since programs that look themselves up at their start
 * are common.
 */
function hosts({ request, host }: Context, network: NetworkSpec | null): Piece[] {
  const own: Piece = request.hostname ?? { slot: 'id-short' };
  const line = (address: Piece): Piece[] => [address, '\t', own, '\n'];
  return [
    '127.0.0.1\tlocalhost\n',
    ...(host.ipv6 ? ['::1\tlocalhost ip6-localhost ip6-loopback\n'] : []),
    ...(network === null ? line('127.0.0.1') : line({ slot: 'address4' })),
    ...(network?.address6 === '' ? line({ slot: 'address6' }) : []),
    ...request.addHosts.map(({ name, address }) => {
      const known = address === 'host-gateway' && network !== null ? gatewayOf(network.subnet4) : address;
      return `${known}\t${name}\n`;
    }),
  ];
}

/** A file that a mount of the request covers, or whose directory one replaces, is not made: nothing is created in a volume. */
function covered({ request }: Context, destination: string): boolean {
  const bound = request.volumes.some(({ source, destination: typed }) =>
    beneath(mountDestination(`-v ${source}:${typed}`, typed), destination),
  );
  return (
    bound ||
    request.tmpfs.some((tmpfs) => mountDestination(`--tmpfs ${tmpfs.destination}`, tmpfs.destination) === destination)
  );
}

/** Each is one word of a line; a second line in it would be another entry that nobody asked for. */
function checkWords({ request, host }: Context): void {
  const { dns, dnsSearch, dnsOptions, addHosts } = request;
  const words: [string, readonly string[]][] = [
    ['--dns', dns],
    ['--dns-search', dnsSearch],
    ['--dns-option', dnsOptions],
    ['--add-host', addHosts.flatMap(({ name, address }) => [name, address])],
    ['name servers of the host', [host.resolver.nameservers, host.resolver.search, host.resolver.options].flat()],
  ];
  for (const [flag, values] of words) {
    const odd = values.find((value) => !/^[A-Za-z0-9_.:-]{1,253}$/.test(value));
    if (odd !== undefined) throw invalid(flag, odd, 'one word of letters, digits and . : _ -');
  }
}

const OPTIONS = ['bind', 'nosuid', 'nodev', 'noexec', 'ro', 'dest-nofollow'];

/** @throws SecureError POLICY_DENIED, MOUNT_REFUSED */
export function planFiles(context: Context, network: NetworkSpec | null, userNamespace: boolean): PlannedFiles {
  checkWords(context);
  const own: Piece = context.request.hostname ?? { slot: 'id-short' };
  const wanted: Generated[] = [
    { destination: '/etc/hosts', name: 'hosts', pieces: hosts(context, network) },
    { destination: '/etc/hostname', name: 'hostname', pieces: [own, '\n'] },
    { destination: '/etc/resolv.conf', name: 'resolv.conf', pieces: [planResolver(context, network)] },
    ...planBundles(context),
  ];
  const made = wanted
    .filter(({ destination }) => !covered(context, destination))
    .map((file) => ({ ...file, ...parts(file.pieces) }));
  context.reasons.add({
    control: 'files',
    decision: made.map(({ destination }) => destination).join(' ') || 'none',
    by: context.policy.run.network.by,
    why: 'made for this container and mounted read-only',
    required: false,
  });
  const options = [...OPTIONS, ...(userNamespace ? ['idmap'] : [])];
  return {
    files: made.map(({ name, parts: texts }) => ({ name, parts: texts })),
    mounts: made.map(({ destination }) => ({ destination, type: 'bind', source: '', options })),
    slots: made.flatMap(({ slots }, i) =>
      slots.map(({ at, type }) => ({ at: `/secure/files/${i}/parts/${at}`, type })),
    ),
  };
}

/** Where in the ordered mounts the files' own paths are to be filled in. */
export function mountSlots(mounts: readonly Mount[], { files, mounts: made }: PlannedFiles): Slot[] {
  return mounts.flatMap((mount, i): Slot[] => {
    const file = files[made.indexOf(mount)];
    return file === undefined ? [] : [{ at: `/mounts/${i}/source`, type: 'record-dir', suffix: `/${file.name}` }];
  });
}
