// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from 'node:child_process';

/** Whether a peer is installed here. */
export const available = (program: string): boolean => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
