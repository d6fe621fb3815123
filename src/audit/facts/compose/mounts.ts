// SPDX-License-Identifier: Apache-2.0
// Volumes, binds and the like: `[SOURCE:]TARGET[:OPTIONS]` or a mapping (compose-spec "volumes").
import type { Tree } from '../yaml/tree.ts';
import { flagOf, textOf } from './values.ts';

export interface Mount {
  /** bind, volume, tmpfs, npipe, image, cluster. */
  readonly type: string;
  /** Path of the host as written, or the name of a volume; '': one without a name. */
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean | null;
  readonly propagation: string;
}

/** `.`, `/`, `~` and a drive begin paths; what begins with a variable may be one. */
const isHostPath = (source: string): boolean => /^(?:[./~]|[A-Za-z]:[\\/]|\$\{)/.test(source);

const PROPAGATIONS = ['rprivate', 'private', 'rshared', 'shared', 'rslave', 'slave'];

function short(text: string): Mount {
  // The drive of Windows has a colon of its own; a volume may have a name of one letter.
  const [, drive = '', rest = text] = /^([A-Za-z]:(?=\\|\/[^:]*:\/))?(.*)$/s.exec(text) ?? [];
  const parts = rest.split(':');
  const named = parts.length > 1;
  const source = named ? drive + (parts[0] ?? '') : '';
  const options = (parts[2] ?? '').split(',');
  return {
    type: isHostPath(source) ? 'bind' : 'volume',
    source,
    target: (named ? parts[1] : drive + rest) ?? '',
    readOnly: options.includes('ro'),
    propagation: options.find((option) => PROPAGATIONS.includes(option)) ?? '',
  };
}

function long(node: Tree): Mount {
  return {
    type: node.get('type').text || 'volume',
    source: textOf(node.get('source')) || textOf(node.get('src')),
    target: textOf(node.get('target')) || textOf(node.get('dst')) || textOf(node.get('destination')),
    readOnly: flagOf(node.get('read_only')),
    propagation: node.get('bind').get('propagation').text,
  };
}

/** A volume of the driver `local` with `o: bind` is a path of the host by another name. */
function hostPathOf(volume: Tree): string | undefined {
  const options = volume.get('driver_opts');
  const bound = textOf(options.get('o'))
    .split(',')
    .some((option) => ['bind', 'rbind'].includes(option.trim()));
  return bound ? textOf(options.get('device')) : undefined;
}

/** @param volumes the section `volumes` of the file */
export function mountsOf(node: Tree, volumes: Tree): Mount[] {
  return node.items.map((item) => {
    const mount = typeof item.value === 'string' ? short(item.value) : long(item);
    const path = mount.type === 'volume' && mount.source !== '' ? hostPathOf(volumes.get(mount.source)) : undefined;
    return path === undefined ? mount : { ...mount, type: 'bind', source: path };
  });
}
