// SPDX-License-Identifier: Apache-2.0
import type { Pull } from '../../runtime/prepare.ts';
import type { PullMode } from '../../runtime/resolve.ts';
import { progress } from '../progress.ts';
import type { RunFlags } from './request.ts';

/** Whether the image may be fetched. A dry run changes nothing, the store included. */
export function pullOf(flags: RunFlags, json: boolean): Pull {
  return { mode: flags['dry-run'] ? 'never' : (flags.pull as PullMode), onEvent: progress(json) };
}
