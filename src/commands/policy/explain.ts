// SPDX-License-Identifier: Apache-2.0
import { Args, Command, Flags } from '../../cli/command.ts';
import { printable } from '../../cli/output.ts';
import { subjectsOf } from '../../cli/policy/subjects.ts';
import { ExitCode } from '../../errors.ts';
import { loadPolicy } from '../../policies/index.ts';
import type { Decision } from '../../policies/rules/evaluate.ts';
import { ImageStore } from '../../runtime/images/store.ts';
import { policyIo } from '../../runtime/policy-io.ts';

const SHOWN: readonly Decision[] = ['fail', 'error', 'excepted'];

export default class PolicyExplain extends Command {
  static override id = 'policy:explain';
  static override summary = 'Say why rules decide as they do about something, with the values that they looked at.';
  static override examples = [
    '$ secure policy explain secure.policy.yaml Dockerfile',
    '$ secure policy explain secure.policy.yaml nginx --rule no-latest',
    '$ secure policy explain --all secure.policy.yaml nginx',
  ];
  static override args = {
    policy: Args.string({ required: true, description: 'Policy file.' }),
    target: Args.string({ required: true, description: 'As for policy review.' }),
  };
  static override flags = {
    rule: Flags.string({ description: 'Only this one, whatever it decides.', helpValue: 'ID' }),
    all: Flags.boolean({ description: 'Also rules that hold, or are about others.' }),
  };

  async run(): Promise<number> {
    const { args, flags } = await this.parse(PolicyExplain);
    const policy = await loadPolicy(args.policy, policyIo([]));
    const { Evaluator } = await import('../../policies/rules/evaluate.ts');
    const evaluator = new Evaluator(policy.book, Date.now());
    const found = await subjectsOf(args.target, { policy, openStore: () => ImageStore.open() });
    const subjects = found.map(({ subject }) => subject);
    const told = subjects.flatMap((subject) =>
      evaluator
        .verdicts(subject)
        .filter(({ rule, decision }) =>
          flags.rule === undefined ? flags.all || SHOWN.includes(decision) : rule.id === flags.rule,
        )
        .map(({ rule, decision, message, exception }) => ({
          rule: rule.id,
          decision,
          message,
          by: rule.by,
          ...(exception === undefined ? {} : { exception }),
          parts: evaluator.explain(rule, subject).flatMap(({ noted }) => noted),
          expression: rule.require.text,
          name: subject.name,
        })),
    );
    const names = subjects.map(({ name }) => name);
    if (this.jsonEnabled()) this.logJson({ names, rules: told });
    else {
      for (const { rule, decision, message, by, exception, parts, expression, name } of told) {
        if (subjects.length > 1) this.log(printable(name));
        this.log(printable(`${decision}  ${rule}${message === '' ? '' : `: ${message}`} [${by.policy}:${by.line}]`));
        if (exception !== undefined)
          this.log(printable(`      exception until ${exception.expires}, ${exception.owner}: ${exception.reason}`));
        this.log(printable(`      ${expression}`));
        for (const { text, value } of parts) if (text !== expression) this.log(printable(`        ${text} = ${value}`));
      }
      if (told.length === 0) this.log(`no rule refuses ${printable(names.join(', ') || args.target)}`);
    }
    return ExitCode.ok;
  }
}
