// SPDX-License-Identifier: Apache-2.0
export interface MountLine {
  readonly id: number;
  /** MAJOR:MINOR */
  readonly device: string;
  readonly root: string;
  readonly point: string;
  readonly options: string[];
  /** shared:N, master:N, unbindable */
  readonly propagation: string[];
  readonly type: string;
  readonly source: string;
  readonly super: string[];
}

/** What /proc/PID/mountinfo says (proc(5)), in its order. */
export function mountinfo(text: string): MountLine[] {
  return text
    .split('\n')
    .filter((line) => line.includes(' - '))
    .map((line) => {
      const [before, after] = line.split(' - ') as [string, string];
      const [id, , device, root, point, options, ...propagation] = before.split(' ') as string[];
      const [type, source, superOptions] = after.split(' ') as [string, string, string];
      const comma = (words: string | undefined): string[] => (words ?? '').split(',');
      return {
        id: Number(id),
        device: device as string,
        root: root as string,
        point: point as string,
        options: comma(options),
        propagation,
        type,
        source,
        super: comma(superOptions),
      };
    });
}

/** What is seen at a path: the last mount on it. */
export const mountAt = (text: string, point: string): MountLine | undefined =>
  mountinfo(text)
    .filter((one) => one.point === point)
    .at(-1);
