// SPDX-License-Identifier: Apache-2.0
import { Flags } from '../../cli/command.ts';
import { COMPRESSIONS } from '../../runtime/images/layer/pack.ts';

export const compressionFlag = Flags.string({
  options: [...COMPRESSIONS],
  default: 'gzip',
  description: 'How new layers are stored and sent: gzip is read by every engine, zstd is smaller and faster.',
});
