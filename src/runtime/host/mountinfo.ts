// SPDX-License-Identifier: Apache-2.0
// proc_pid_mountinfo(5), as far as control groups need it.

export interface Mount {
  readonly mountPoint: string;
  readonly fsType: string;
  readonly readOnly: boolean;
  readonly superOptions: readonly string[];
}

/** Undo the octal escapes of space, tab, newline and backslash. */
const unescapeOctal = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, octal) => String.fromCharCode(Number.parseInt(octal, 8)));

/** One line per mount; a line that does not follow the format is left out, newer kernels may add optional fields. */
export function parseMountinfo(text: string): Mount[] {
  const mounts: Mount[] = [];
  for (const line of text.split('\n')) {
    const fields = line.split(' ');
    const separator = fields.indexOf('-', 6);
    const [mountPoint, options] = [fields[4], fields[5]];
    const [fsType, , superOptions] = separator < 0 ? [] : fields.slice(separator + 1);
    if (mountPoint === undefined || options === undefined || fsType === undefined) continue;
    const perSuper = (superOptions ?? '').split(',');
    mounts.push({
      mountPoint: unescapeOctal(mountPoint),
      fsType,
      readOnly: options.split(',').includes('ro') || perSuper.includes('ro'),
      superOptions: perSuper,
    });
  }
  return mounts;
}
