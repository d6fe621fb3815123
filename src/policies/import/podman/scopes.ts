// SPDX-License-Identifier: Apache-2.0
// Scopes of docker images. There the most specific one that names an image counts alone; with us every rule that names it. So each rule leaves out what a more
// specific scope names.

interface Scope {
  readonly text: string;
  /** `*.example.com` */
  readonly wildcard: boolean;
  /** Patterns of `match` that mean the same images. */
  readonly patterns: readonly string[];
}

/** The name without a tag or digest: the last part may have one, but a host alone has a port. */
function nameOf(scope: string): string {
  const [plain = ''] = scope.split('@', 1);
  const slash = plain.lastIndexOf('/');
  const colon = plain.indexOf(':', slash + 1);
  return slash < 0 || colon < 0 ? plain : plain.slice(0, colon);
}

/** A scope, or undefined for a text that names nothing. A host, a part of a path, a repository, one image, or all subdomains. */
export function parseScope(text: string): Scope | undefined {
  if (text.startsWith('*.')) {
    const rest = text.slice(2);
    if (!/^[A-Za-z0-9.-]+$/.test(rest)) return undefined;
    // A port of the image's host is not looked at.
    return { text, wildcard: true, patterns: [`${text}/**`, `${text}:*/**`] };
  }
  if (text.includes('*') || !/^[^\s/]+(?:\/[^\s/]+)*$/.test(text)) return undefined;
  if (!text.includes('/')) return { text, wildcard: false, patterns: [`${text}/**`] };
  return { text, wildcard: false, patterns: nameOf(text) === text ? [text, `${text}/**`] : [text] };
}

/** Whether images that `inner` names, and it alone or before `outer`, are among those of `outer`. */
export function isWithin(inner: Scope, outer: Scope): boolean {
  if (inner.text === outer.text) return false;
  if (!outer.wildcard)
    return (
      !inner.wildcard &&
      ['/', ':', '@'].some(
        (end) => inner.text.startsWith(outer.text + end) && (end === '/' || outer.text.includes('/')),
      )
    );
  const host = inner.wildcard ? inner.text : (inner.text.split('/', 1)[0] ?? '').split(':', 1)[0];
  // `*.example.com` covers a.example.com, a.b.example.com and *.b.example.com, and not example.com.
  return host !== undefined && host.endsWith(outer.text.slice(1));
}

/** What a rule of this scope leaves out. */
export const exceptions = (scope: Scope, all: readonly Scope[]): string[] =>
  all.filter((other) => isWithin(other, scope)).flatMap(({ patterns }) => patterns);
