// SPDX-License-Identifier: Apache-2.0
// Which archives an image is built from: those entries of the host's apt configuration that are Debian's own. Third-party
// archives stay out, so that neither a stale nor a foreign one becomes part of an image unasked.
import { isAbsolute } from 'node:path';

/** One stanza (sources.list(5), "deb822-style format"). */
export interface AptSource {
  readonly uris: readonly string[];
  readonly suites: readonly string[];
  readonly components: readonly string[];
  /** Absolute path of the keyring. */
  readonly signedBy: string;
  /** Of a state of the past, whose lists have expired since. */
  readonly past?: true;
}

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
const URI = /^(?:https?|file|mirror\+https?|mirror):[A-Za-z0-9._~:/?#@!$&()*+,;=%-]+$/;
const WORD = /^[A-Za-z0-9][A-Za-z0-9._/-]*$/;

function isDebian(uris: readonly string[], signedBy: string | undefined): boolean {
  if (signedBy !== undefined && /\/debian-archive-[^/]*\.(?:gpg|pgp|asc)$/.test(signedBy)) return true;
  return signedBy === undefined && uris.every((uri) => /\/debian(?:-security)?\/?$/.test(uri));
}

function source(uris: string[], suites: string[], components: string[], signedBy: string | undefined): AptSource[] {
  const valid = uris.every((uri) => URI.test(uri)) && [...suites, ...components].every((word) => WORD.test(word));
  // A flat repository (suite ending in /) has no components and is never Debian's.
  if (!valid || uris.length === 0 || suites.length === 0 || components.length === 0 || !isDebian(uris, signedBy))
    return [];
  return [{ uris, suites, components, signedBy: signedBy ?? KEYRING }];
}

const words = (text: string | undefined) => (text ?? '').split(/\s+/).filter((word) => word !== '');
const keyring = (text: string | undefined) => (text !== undefined && isAbsolute(text) ? text : undefined);

/** Read a .sources file. Options that weaken signature checks (Trusted, Allow-Insecure) are not carried over. */
export function parseSources(text: string): AptSource[] {
  return text.split(/\n\s*\n/).flatMap((stanza) => {
    const fields = new Map<string, string>();
    let last = '';
    for (const line of stanza.split('\n').filter((line) => !line.startsWith('#'))) {
      const match = /^([A-Za-z0-9-]+):\s*(.*)$/.exec(line);
      if (match !== null) {
        last = (match[1] ?? '').toLowerCase();
        fields.set(last, match[2] ?? '');
      } else if (/^\s/.test(line)) fields.set(last, `${fields.get(last) ?? ''}\n${line.trim()}`);
    }
    const enabled = !/^(?:no|false|0|off|without|disable)$/i.test(fields.get('enabled') ?? 'yes');
    if (!enabled || !words(fields.get('types')).includes('deb')) return [];
    const signedBy = fields.get('signed-by');
    // A key written into the stanza is somebody's own archive.
    if (signedBy !== undefined && keyring(signedBy) === undefined) return [];
    return source(words(fields.get('uris')), words(fields.get('suites')), words(fields.get('components')), signedBy);
  });
}

/** Read a one-line-style .list file. */
export function parseList(text: string): AptSource[] {
  return text.split('\n').flatMap((line) => {
    const match = /^deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s+([^#]+)/.exec(line.trim());
    if (match === null) return [];
    const [, options, uri = '', suite = '', components] = match;
    return source([uri], [suite], words(components), keyring(/signed-by=(\S+)/.exec(options ?? '')?.[1]));
  });
}

/** The same archives for another release: `bookworm-security` becomes `trixie-security`. */
export function retarget(sources: readonly AptSource[], from: string, to: string): AptSource[] {
  const rename = (suite: string) =>
    suite === from || suite.startsWith(`${from}-`) ? to + suite.slice(from.length) : suite;
  return sources.map((entry) => ({ ...entry, suites: entry.suites.map(rename) }));
}

/** As a .sources file. */
export function formatSources(sources: readonly AptSource[]): string {
  return sources
    .map(({ uris, suites, components, signedBy, past }) =>
      [
        'Types: deb',
        `URIs: ${uris.join(' ')}`,
        `Suites: ${suites.join(' ')}`,
        `Components: ${components.join(' ')}`,
        `Signed-By: ${signedBy}`,
        ...(past ? ['Check-Valid-Until: no'] : []),
        '',
      ].join('\n'),
    )
    .join('\n');
}
