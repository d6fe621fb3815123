// SPDX-License-Identifier: Apache-2.0
import { Args, Command, Flags } from '../../cli/command.ts';
import { corpusFiles } from '../../cli/corpus.ts';
import { printable } from '../../cli/output.ts';
import { fileSubjects } from '../../cli/policy/subjects.ts';
import { ExitCode } from '../../errors.ts';
import { type Changed, changed, policyChanges } from '../../policies/diff.ts';
import { loadPolicy } from '../../policies/index.ts';
import { policyIo } from '../../runtime/policy-io.ts';

const SIGN = { looser: '!', tighter: '+', other: '~' } as const;
const RANK = { allow: 0, warn: 1, deny: 2 } as const;
/** Something goes through that did not. */
const isLooser = ({ from, to }: Changed): boolean => RANK[to] < RANK[from];

export default class PolicyDiff extends Command {
  static override id = 'policy:diff';
  static override summary = 'Say what a change of a policy changes, and about which files.';
  static override description =
    '`!` is looser: something is possible that was not. `+` is tighter. `~` cannot be told without looking at it: that is what a corpus is for, a directory with ' +
    'build files, manifests, plans and config.json of bundles, which both policies are held against.';
  static override examples = [
    '$ secure policy diff old.yaml secure.policy.yaml',
    '$ secure policy diff --exit-code --corpus services old.yaml secure.policy.yaml',
  ];
  static override args = {
    old: Args.string({ required: true, description: 'Policy file, or the name of a built-in policy.' }),
    new: Args.string({ required: true, description: 'The other one.' }),
  };
  static override flags = {
    corpus: Flags.string({ description: 'Build files, manifests and plans to hold both against.', helpValue: 'DIR' }),
    'exit-code': Flags.boolean({ description: 'Exit code 1 when something is looser.' }),
  };

  async run(): Promise<number> {
    const { args, flags } = await this.parse(PolicyDiff);
    const [before, after] = [await loadPolicy(args.old, policyIo([])), await loadPolicy(args.new, policyIo([]))];
    const changes = policyChanges(before, after);
    const inputs: Changed[] = [];
    let count = 0;
    if (flags.corpus !== undefined) {
      const { Evaluator } = await import('../../policies/rules/evaluate.ts');
      const now = Date.now();
      const [old, current] = [new Evaluator(before.book, now), new Evaluator(after.book, now)];
      for (const subject of corpusFiles(flags.corpus).flatMap(fileSubjects)) {
        count += 1;
        const found = changed(old, current, subject);
        if (found !== undefined) inputs.push(found);
      }
    }
    if (this.jsonEnabled())
      this.logJson({ changes, ...(flags.corpus === undefined ? {} : { corpus: { files: count, changed: inputs } }) });
    else {
      for (const { section, name, direction, from = 'nothing', to = 'nothing' } of changes)
        this.log(printable(`${SIGN[direction]} ${section} ${name}: ${from} -> ${to}`));
      if (changes.length === 0) this.log('nothing changes');
      for (const { name, from, to, rules } of inputs)
        this.log(printable(`  ${name}: ${from} -> ${to} (${rules.join(', ')})`));
      if (flags.corpus !== undefined) this.log(`${inputs.length} of ${count} are decided otherwise`);
    }
    const looser = changes.some(({ direction }) => direction === 'looser') || inputs.some(isLooser);
    return flags['exit-code'] && looser ? ExitCode.findings : ExitCode.ok;
  }
}
