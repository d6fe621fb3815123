// SPDX-License-Identifier: Apache-2.0
// proc_pid_mountinfo(5), and which file system a path is on.

export interface Mount {
  readonly point: string;
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
}

const unescapeOctal = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));

/** One line per mount; a line that does not follow the format is left out. */
export function parseMounts(text: string): Mount[] {
  return text.split('\n').flatMap((line) => {
    const fields = line.split(' ');
    const separator = fields.indexOf('-', 6);
    const [point, options] = [fields[4], fields[5]];
    const [type, source] = separator < 0 ? [] : fields.slice(separator + 1);
    if (point === undefined || options === undefined || type === undefined) return [];
    return [{ point: unescapeOctal(point), type, source: unescapeOctal(source ?? ''), options: options.split(',') }];
  });
}

/** The mount that `path`, absolute and without links, is on: the longest mount point above it, of equals the last. */
export function mountOf(mounts: readonly Mount[], path: string): Mount | undefined {
  let best: Mount | undefined;
  for (const mount of mounts) {
    const above = mount.point === '/' || path === mount.point || path.startsWith(`${mount.point}/`);
    if (above && mount.point.length >= (best?.point.length ?? 0)) best = mount;
  }
  return best;
}

export type CgroupMode = 'none' | 'v1' | 'v2' | 'hybrid';

export function cgroupMode(mounts: readonly Mount[]): CgroupMode {
  const [v1, v2] = ['cgroup', 'cgroup2'].map((type) => mounts.some((mount) => mount.type === type));
  if (v1) return v2 ? 'hybrid' : 'v1';
  return v2 ? 'v2' : 'none';
}
