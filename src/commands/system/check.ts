// SPDX-License-Identifier: Apache-2.0
import { Command, Flags } from '../../cli/command.ts';
import { printable } from '../../cli/output.ts';
import { ExitCode } from '../../errors.ts';
import { checkStore } from '../../runtime/images/check/check.ts';
import type { Checked } from '../../runtime/images/check/findings.ts';
import { formatBytes } from '../../runtime/images/format.ts';
import { ImageStore } from '../../runtime/images/store.ts';

function* summary({ verified, incomparable, leftovers }: Checked, deep: boolean): Generator<string> {
  const { blobs, bytes, records, layers, compared } = verified;
  yield `verified: ${blobs} blobs (${formatBytes(bytes)}), ${records} names, ${layers} unpacked layers`;
  if (!deep) yield 'not verified: the files of unpacked layers; compare them with --deep';
  else yield `compared with what their blobs unpack to: ${compared} layers; without a blob: ${incomparable.length}`;
  const count = leftovers.blobs + leftovers.layers + leftovers.temporary + leftovers.index;
  if (count > 0) yield `${count} leftovers, which are no damage: \`secure system prune\` removes them`;
}

export default class Check extends Command {
  static override id = 'system:check';
  static override store = true;
  static override summary = 'Verify everything in the image store.';
  static override description =
    'Every blob against its digest, every name, the index, every image down to its layers, and what containers need. No digest is made of an unpacked layer, so ' +
    'its files are compared with what its blob unpacks to, with --deep. Pulls and runs go on meanwhile. Exit code 1 when something is wrong that was not repaired.';
  static override examples = [
    '$ secure system check',
    '$ secure system check --deep --repair',
    "$ secure system check --json | jq '.findings[].subject'",
  ];
  static override flags = {
    deep: Flags.boolean({ description: 'Unpack every layer again and compare.' }),
    repair: Flags.boolean({ description: 'Remove what is damaged, and nothing else.' }),
  };

  async run(): Promise<number> {
    const { flags } = await this.parse(Check);
    const checked = await checkStore(await ImageStore.open(), flags);
    if (this.jsonEnabled()) this.logJson({ ...checked });
    else {
      for (const { kind, subject, problem, action, repaired } of checked.findings) {
        this.log(printable(`${kind} ${subject}: ${problem}`));
        this.log(repaired ? '  repaired' : `  ${action}`);
      }
      for (const line of summary(checked, flags.deep)) this.log(line);
    }
    return checked.findings.every(({ repaired }) => repaired) ? ExitCode.ok : ExitCode.findings;
  }
}
