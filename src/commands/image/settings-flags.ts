// SPDX-License-Identifier: Apache-2.0
import { Flags } from '../../cli/command.ts';

/** Flags of the commands that make an image from a file tree. */
export const SETTINGS_FLAGS = {
  entrypoint: Flags.string({ description: 'What runs, as words or a JSON list.', helpValue: 'COMMAND' }),
  cmd: Flags.string({ description: 'Default arguments, or what runs without an entry point.', helpValue: 'COMMAND' }),
  user: Flags.string({ char: 'u', description: 'Default user.', helpValue: 'USER[:GROUP]' }),
  env: Flags.string({ char: 'e', multiple: true, description: 'Default environment.', helpValue: 'NAME=VALUE' }),
  port: Flags.string({ multiple: true, description: 'A port that is listened on.', helpValue: 'PORT[/tcp|/udp]' }),
  workdir: Flags.string({ char: 'w', description: 'Working directory.', helpValue: 'DIR' }),
  volume: Flags.string({ multiple: true, description: 'A directory that is a volume.', helpValue: 'DIR' }),
  'stop-signal': Flags.string({ description: 'What it is stopped with.', helpValue: 'SIGNAL' }),
  label: Flags.string({ multiple: true, description: 'Label.', helpValue: 'NAME=VALUE' }),
};
