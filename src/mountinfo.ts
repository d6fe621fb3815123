// SPDX-License-Identifier: Apache-2.0
// proc_pid_mountinfo(5).

export interface MountLine {
  readonly id: number;
  /** MAJOR:MINOR of the file system. */
  readonly device: string;
  /** What of the file system is mounted. */
  readonly root: string;
  readonly point: string;
  /** Of this mount; those of the file system are `superOptions`. */
  readonly options: readonly string[];
  readonly type: string;
  readonly source: string;
  readonly superOptions: readonly string[];
}

/** Undo the octal escapes of space, tab, newline and backslash. */
const unescapeOctal = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));

/** One line per mount; a line that does not follow the format is left out, newer kernels may add optional fields. */
export function mountLines(text: string): MountLine[] {
  return text.split('\n').flatMap((line) => {
    const fields = line.split(' ');
    const separator = fields.indexOf('-', 6);
    const [id, , device = '', root = '', point, options] = fields;
    const [type, source = '', superOptions = ''] = separator < 0 ? [] : fields.slice(separator + 1);
    if (point === undefined || options === undefined || type === undefined) return [];
    return [
      {
        id: Number(id),
        device,
        root: unescapeOctal(root),
        point: unescapeOctal(point),
        options: options.split(','),
        type,
        source: unescapeOctal(source),
        superOptions: superOptions.split(','),
      },
    ];
  });
}
