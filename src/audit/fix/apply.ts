// SPDX-License-Identifier: Apache-2.0
// A plan is carried out: first everything that is needed to undo it is on the disk, then file by file.
import { closeSync, fsyncSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ExitCode, SecureError } from '../../errors.ts';
import { diskError, errnoOf } from '../../runtime/images/durable.ts';
import { Place } from './place.ts';
import { undoText } from './render.ts';
import { settingPath } from './sysctl-files.ts';
import type { Plan, SettingChange } from './types.ts';

/**
 * What makes it undone, durable. @param directory is made, for its owner alone
 * @returns path of the file
 */
function writeUndo(plan: Plan, directory: string, now: Date): string {
  const path = join(directory, `${now.toISOString().replaceAll(':', '-')}.patch`);
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const fd = openSync(path, 'wx', 0o600);
    try {
      writeFileSync(fd, undoText(plan, path));
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    const names = openSync(dirname(path), 'r');
    fsyncSync(names);
    closeSync(names);
    return path;
  } catch (error) {
    const said = diskError(error, `writing ${path}`);
    if (said instanceof SecureError) throw said;
    throw new SecureError('OUTPUT_REFUSED', `cannot write ${path} (${errnoOf(error) ?? error}), which would undo it`, {
      hint: 'nothing was changed; SECURE_STATE_ROOT names another directory for it',
      cause: error,
    });
  }
}

/** Into the kernel that runs. */
function set({ name, value }: SettingChange): void {
  const path = settingPath(name);
  try {
    const fd = openSync(path, 'w');
    try {
      writeSync(fd, `${value}\n`);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    throw new SecureError('FIX_REFUSED', `the kernel does not set ${name} to ${value} (${errnoOf(error) ?? error})`, {
      hint: 'in a container /proc/sys is read-only: run it on the host, as root',
      exitCode: ExitCode.host,
      cause: error,
    });
  }
}

export interface Applied {
  /** Path of what undoes it. */
  readonly undo: string;
  /** What could not be done, and is as it was. */
  readonly failed: readonly SecureError[];
}

/**
 * Do it. One step that fails does not keep the others from being done, for none needs another.
 * @param directory for what undoes it
 * @throws SecureError OUTPUT_REFUSED, NO_SPACE: nothing was changed; FIX_REFUSED, FIX_CHANGED: nothing could be
 */
export function applyPlan(plan: Plan, directory: string, now: Date = new Date()): Applied {
  const undo = writeUndo(plan, directory, now);
  const place = new Place(plan.root, plan.machine);
  try {
    // Owners first: nobody but root changes a file from here on.
    const steps = [
      ...plan.access.map((one) => () => place.setAccess(one)),
      ...plan.files.map((one) => () => place.replace(one)),
      ...plan.settings.map((one) => () => set(one)),
    ];
    const failed = steps.flatMap((step) => {
      try {
        step();
        return [];
      } catch (error) {
        if (!(error instanceof SecureError)) throw error;
        return [error];
      }
    });
    const [first] = failed;
    if (first !== undefined && failed.length === steps.length) throw first;
    return { undo, failed };
  } finally {
    place.close();
  }
}
