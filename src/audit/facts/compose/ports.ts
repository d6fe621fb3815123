// SPDX-License-Identifier: Apache-2.0
// Published ports: `[[ADDRESS:]HOST:]CONTAINER[/PROTOCOL]` with ranges, or a mapping (compose-spec "ports").
import type { Tree } from '../yaml/tree.ts';
import { isOpen } from './interpolate.ts';
import { textOf } from './values.ts';

export interface Port {
  /** '': every address. */
  readonly hostAddress: string;
  /** 0: a free one; null: not known before it is deployed. */
  readonly hostPort: number | null;
  readonly containerPort: number | null;
  readonly protocol: string;
}

const MOST = 1024;

/** Every port of `80` or `8000-8010`; one null where it is not known. */
function range(text: string, node: Tree): (number | null)[] {
  if (isOpen(text)) return [null];
  const [, first, last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? [];
  const [from, to] = [Number(first), Number(last)];
  if (first === undefined || to > 65_535 || to < from) throw node.wrong('a port or a range of ports');
  if (to - from >= MOST) throw node.wrong(`a range of at most ${MOST} ports`);
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

function published(hostAddress: string, host: string, container: string, protocol: string, node: Tree): Port[] {
  const inside = range(container, node);
  const outside = host === '' ? inside.map(() => 0) : range(host, node);
  // A range of the host for one port of the container: a free one of them.
  const most = Math.max(inside.length, outside.length);
  if (inside.length !== outside.length && inside.length !== 1) throw node.wrong('two ranges of one length');
  return Array.from({ length: most }, (_, i) => ({
    hostAddress,
    hostPort: outside[i] ?? outside[0] ?? null,
    containerPort: inside[i] ?? inside[0] ?? null,
    protocol,
  }));
}

/** A colon in a variable's name parts nothing; there is none by now. */
function short(text: string, node: Tree): Port[] {
  const [, ports = text, protocol = 'tcp'] = /^(.*?)(?:\/([a-z]+))?$/s.exec(text) ?? [];
  const [, address = '', rest = ports] = /^(\[[^\]]*\]|[^:]*\.[^:]*|\$\{\w+\}(?=:.*:)):(.*)$/s.exec(ports) ?? [];
  const parts = rest.split(':');
  const container = parts.pop() ?? '';
  if (parts.length > 1) throw node.wrong('[[ADDRESS:]HOST:]CONTAINER[/PROTOCOL]');
  return published(address.replace(/^\[|\]$/g, ''), parts[0] ?? '', container, protocol, node);
}

export function portsOf(node: Tree): Port[] {
  return node.items.flatMap((item) => {
    if (typeof item.value === 'number' || typeof item.value === 'string') return short(textOf(item), item);
    const [target, host] = [textOf(item.get('target')), textOf(item.get('published'))];
    return published(item.get('host_ip').text, host, target, item.get('protocol').text || 'tcp', item);
  });
}
