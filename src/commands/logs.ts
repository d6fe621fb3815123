// SPDX-License-Identifier: Apache-2.0
import { Args, Command, Flags } from '../cli/command.ts';
import { valueFlag } from '../cli/definitions.ts';
import { jsonText, print, printError } from '../cli/output.ts';
import { parseInteger } from '../cli/values/number.ts';
import { parseMoment } from '../cli/values/time.ts';
import { ExitCode, SecureError } from '../errors.ts';
import { findContainer, readConfig } from '../runtime/containers/containers.ts';
import { endWatcher } from '../runtime/containers/ended.ts';
import { type LogEntry, readLog } from '../runtime/containers/logs.ts';

const MOST = 1_000_000;
const parseTail = (flag: string, text: string): number => (text === 'all' ? MOST : parseInteger(flag, text, 0, MOST));

export default class Logs extends Command {
  static override id = 'logs';
  static override summary = 'Show what a container printed.';
  static override description =
    'Its stdout goes to stdout and its stderr to stderr. With --json: one object per line, as stored.';
  static override examples = [
    '$ secure logs web',
    '$ secure logs -f --tail 20 web',
    '$ secure logs -t --since 10m web',
  ];
  static override args = {
    container: Args.string({ required: true, description: 'Name, id or the beginning of one.' }),
  };
  static override flags = {
    follow: Flags.boolean({ char: 'f', description: 'Go on until the container ends.' }),
    tail: valueFlag(parseTail, { char: 'n', description: 'Only the last lines.', helpValue: 'LINES' }),
    timestamps: Flags.boolean({ char: 't', description: 'The time of each line.' }),
    since: valueFlag((flag, text) => parseMoment(flag, text, Date.now()), {
      description: 'Only what was printed since.',
      helpValue: 'TIME',
    }),
  };

  async run(): Promise<undefined> {
    const { args, flags } = await this.parse(Logs);
    const found = await findContainer(args.container);
    const { id, bundle } = found;
    if ((await readConfig(found))?.secure?.monitor?.log?.driver === 'none')
      throw new SecureError('LOG_OFF', `container ${args.container} was started with --log-driver none`, {
        hint: "see what it prints from now on with 'secure attach'",
        exitCode: ExitCode.findings,
      });
    const render = this.jsonEnabled()
      ? (entry: LogEntry) => jsonText(entry)
      : (entry: LogEntry) => (flags.timestamps ? `${entry.time} ${entry.log}` : entry.log);
    const entries = readLog(bundle, {
      follow: flags.follow,
      ended: endWatcher(id, bundle),
      ...(flags.tail === undefined ? {} : { tail: flags.tail }),
      ...(flags.since === undefined ? {} : { since: flags.since }),
    });
    for await (const batch of entries) {
      for (const entry of batch) {
        if (entry.stream === 'stdout' || this.jsonEnabled()) print(render(entry));
        else printError(render(entry));
      }
    }
  }
}
