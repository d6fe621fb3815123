// SPDX-License-Identifier: Apache-2.0
import { auditProbe } from '../audit/probe.ts';
import { compareProbes } from '../audit/report/probe.ts';
import { AuditCommand } from '../cli/audit/command.ts';
import { SOCKET_ENGINES, type SocketEngine } from '../cli/audit/engines.ts';
import { AUDIT_FLAGS } from '../cli/audit/flags.ts';
import { Args, Flags } from '../cli/command.ts';
import { asTyped, valueFlag } from '../cli/definitions.ts';
import { print } from '../cli/output.ts';
import { type Probed, probeTargets } from '../cli/probe/targets.ts';
import { invalidValue } from '../cli/read.ts';
import { table } from '../cli/table.ts';
import { ExitCode, SecureError } from '../errors.ts';
import { probeBinary } from '../runtime/binary.ts';

/** The probe ends itself after sixty; what is in a container may keep it from that. */
const SECONDS = 75;

function parseSeconds(flag: string, text: string): number {
  if (!/^\d{1,3}$/.test(text) || Number(text) < 1 || Number(text) > 600)
    throw invalidValue(flag, text, 'a number from 1 to 600');
  return Number(text);
}

export default class Probe extends AuditCommand {
  static override id = 'probe';
  static override summary =
    'Look around inside of containers: what isolation is really in force, and what of known escapes begins.';
  static override description =
    'A small static program runs as one more process of each container, with its user and its confinement, and tries the first steps of known ways out: ' +
    'none of them changes anything. Without a name it runs here. What it printed elsewhere is judged from a file or from stdin (-).';
  static override examples = [
    '$ secure probe web',
    '$ secure probe --engine docker web db --output probe.sarif',
    '$ secure probe --compare web docker:web podman:web',
    '$ docker run --rm -v "$(secure probe --path)":/secure-probe:ro IMAGE /secure-probe | secure probe -',
  ];
  static override args = {
    target: Args.string({
      multiple: true,
      description:
        'Containers (docker:NAME, podman:NAME: of an engine), files (with a slash or .json), or - for stdin.',
    }),
  };
  static override flags = {
    engine: Flags.string({ options: SOCKET_ENGINES, description: 'Whose containers they are (default: ours).' }),
    socket: valueFlag(asTyped, { description: 'Where that engine listens.', helpValue: 'PATH' }),
    timeout: valueFlag(parseSeconds, {
      description: 'Seconds that a probe may take (default: 75).',
      helpValue: '1-600',
    }),
    compare: Flags.boolean({ description: 'Show what is in force side by side, without a judgement.' }),
    raw: Flags.boolean({ description: 'Print what the probe in one container wrote, to be judged later.' }),
    path: Flags.boolean({ description: 'Print where the program is, so that it can be mounted.' }),
    ...AUDIT_FLAGS,
  };

  async run(): Promise<number> {
    const { argv, flags } = await this.parse(Probe);
    if (flags.path) {
      this.log(probeBinary());
      return ExitCode.ok;
    }
    if (flags.socket !== undefined && flags.engine === undefined)
      throw new SecureError('USAGE', '--socket needs --engine', { hint: 'it is where docker or podman listens' });
    const collect = () =>
      probeTargets(argv, {
        ...{
          engine: flags.engine as SocketEngine | undefined,
          socket: flags.socket,
          seconds: flags.timeout ?? SECONDS,
        },
        note: (line) => this.warn(line),
      });
    if (flags.raw || flags.compare) return this.#show(await collect(), flags.raw);
    return this.audit(flags, async () => (await collect()).map(({ facts }) => auditProbe(facts)));
  }

  #show(probed: readonly Probed[], raw: boolean): number {
    const [only, ...more] = probed;
    if (raw && more.length > 0)
      throw new SecureError('USAGE', '--raw prints one answer', { hint: 'give one container' });
    const all = probed.map(({ facts }) => facts);
    // As it was read: what was sent by a container may hold more than what is known.
    if (raw && only !== undefined) print(only.text.replace(/[^\x20-\x7e\n]/g, '?'));
    else if (this.jsonEnabled()) this.logJson({ rows: compareProbes(all), containers: all });
    else {
      const rows = compareProbes(all);
      this.log(
        table(rows, [
          { title: '', value: ({ title }) => title },
          ...all.map(({ name }, i) => ({ title: name, value: ({ cells }: (typeof rows)[number]) => cells[i] ?? '' })),
        ]),
      );
    }
    return ExitCode.ok;
  }
}
