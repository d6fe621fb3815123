// SPDX-License-Identifier: Apache-2.0

/** A pattern is one of the whole text: what only contains the name of somebody trusted is somebody else. @throws SyntaxError */
export const wholePattern = (pattern: string): RegExp => new RegExp(`^(?:${pattern})$`, 'u');

/** `cpu*` stands for each processor: masks are places, not patterns, and one that is missing is skipped. */
export function eachProcessor(path: string, cpus: number): string[] {
  if (!path.includes('/cpu*/')) return [path];
  return Array.from({ length: cpus }, (_, n) => path.replace('/cpu*/', `/cpu${n}/`));
}

/** Is `path` `root` or beneath it? Both normalised. */
export function beneath(root: string, path: string): boolean {
  return path === root || path.startsWith(root === '/' ? '/' : `${root}/`);
}
