// SPDX-License-Identifier: Apache-2.0
import { checkArgvEncoding } from '../cli/argv-utf8.ts';
import { Command, Flags } from '../cli/command.ts';
import { asTyped, valueFlag, valuesFlag } from '../cli/definitions.ts';
import { readEnvironment } from '../cli/run/env.ts';
import { parseAbsolute } from '../cli/values/name.ts';
import { ExitCode, SecureError } from '../errors.ts';
import { execArguments } from '../runtime/containers/exec.ts';
import { rootsFromEnv } from '../runtime/images/roots.ts';
import { Inputs } from '../runtime/inputs.ts';
import { becomeRuntime, requireRoot } from '../runtime/launch.ts';

export default class Exec extends Command {
  static override id = 'exec';
  static override summary = 'Run a further command in a running container.';
  static override description = 'Flags come before the container. Exit codes are those of run.';
  static override usage = 'exec [FLAGS] CONTAINER COMMAND [ARGUMENT…]';
  static override examples = ['$ secure exec -it web sh', '$ secure exec -u nobody -w /srv web ls -l'];
  static override verbatim = true;
  static override failureCode = ExitCode.container;
  static override flags = {
    interactive: Flags.boolean({ char: 'i', description: 'Keep stdin open.' }),
    tty: Flags.boolean({ char: 't', description: 'Give it a terminal.' }),
    detach: Flags.boolean({ char: 'd', description: 'Run in the background.' }),
    env: valuesFlag(asTyped, {
      char: 'e',
      description: 'Variable; without a value, the one set here.',
      helpValue: 'NAME[=VALUE]',
    }),
    'env-file': valuesFlag(asTyped, { description: 'File of variables, one NAME=VALUE per line.', helpValue: 'FILE' }),
    workdir: valueFlag(parseAbsolute, { char: 'w', description: 'Working directory.', helpValue: 'PATH' }),
    user: valueFlag(asTyped, { char: 'u', description: 'User, by name or number.', helpValue: 'USER[:GROUP]' }),
  };

  async run(): Promise<number | undefined> {
    const { flags, argv } = await this.parse(Exec);
    checkArgvEncoding(argv);
    requireRoot(process.geteuid?.() ?? -1);
    const [container, ...args] = argv;
    if (container === undefined || container === '' || args.length === 0) {
      const missing = container === undefined || container === '' ? 'a CONTAINER' : 'a COMMAND';
      throw new SecureError('MISSING_ARGUMENT', `'secure exec' needs ${missing}`, {
        hint: 'secure exec [FLAGS] CONTAINER COMMAND…',
      });
    }
    const native = await execArguments({
      container,
      args,
      interactive: flags.interactive,
      tty: flags.tty,
      detach: flags.detach,
      env: readEnvironment(flags['env-file'] ?? [], flags.env ?? [], process.cwd(), new Inputs()),
      ...(flags.workdir === undefined ? {} : { workdir: flags.workdir }),
      ...(flags.user === undefined ? {} : { user: flags.user }),
    });
    return becomeRuntime([...(this.jsonEnabled() ? ['--error-format', 'json'] : []), ...native], rootsFromEnv());
  }
}
