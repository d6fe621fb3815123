// SPDX-License-Identifier: Apache-2.0
import { reviewed } from '../../audit/review.ts';
import { SEVERITIES } from '../../audit/types.ts';
import { AuditCommand } from '../../cli/audit/command.ts';
import { AUDIT_FLAGS } from '../../cli/audit/flags.ts';
import { Args, Flags } from '../../cli/command.ts';
import { underEngine } from '../../cli/policy/engines.ts';
import { exceptionNotes } from '../../cli/policy/notes.ts';
import { subjectsOf } from '../../cli/policy/subjects.ts';
import { loadPolicy } from '../../policies/index.ts';
import { readConfig } from '../../runtime/config.ts';
import { parsePlatform } from '../../runtime/images/oci/platform.ts';
import { formatReference, parseReference } from '../../runtime/images/reference.ts';
import { ImageStore } from '../../runtime/images/store.ts';
import { Inputs } from '../../runtime/inputs.ts';
import { policyIo } from '../../runtime/policy-io.ts';

const nameOf = (name: string | undefined) => (name === undefined ? name : formatReference(parseReference(name)));

export default class PolicyReview extends AuditCommand {
  static override id = 'policy:review';
  static override summary = 'Hold images, build files, manifests and plans against the rules of a policy.';
  static override description =
    'The exit code is 1 when a rule refuses. Rules with `enforcement: warn` are shown, and do not count unless they cannot be evaluated.';
  static override examples = [
    '$ secure policy review --policy secure.policy.yaml Dockerfile',
    '$ secure policy review --policy secure.policy.yaml nginx services/*/Dockerfile',
    '$ secure run --dry-run --json nginx > plan.json && secure policy review plan.json',
    '$ secure policy review --policy pss-restricted manifests/',
    '$ secure policy review docker://registry.example/team/app:1 ./layout app.tar',
    '$ secure policy review -o findings.sarif -o review.md Dockerfile',
  ];
  static override args = {
    target: Args.string({
      required: true,
      multiple: true,
      description:
        'Image, docker://IMAGE, archive, build file, compose file, Kubernetes manifest, plan, directory of such, container://NAME, what docker inspect prints, host://, engine://docker.',
    }),
  };
  static override flags = {
    ...AUDIT_FLAGS,
    policy: Flags.string({
      description: 'What to hold them against; default: the configured policy.',
      helpValue: 'NAME|FILE',
    }),
    platform: Flags.string({ description: 'Of several images of one name this one.', helpValue: 'OS/ARCH[/VARIANT]' }),
    name: Flags.string({ description: 'Of an image of an archive that has no name.', helpValue: 'REFERENCE' }),
    'fail-on': Flags.string({
      options: [...SEVERITIES, 'none'],
      default: 'low',
      description: 'The lowest severity that makes the exit code 1.',
    }),
  };

  async run(): Promise<number> {
    const { args, flags } = await this.parse(PolicyReview);
    const cwd = process.cwd();
    const { profile } = await readConfig(flags.policy, cwd, new Inputs());
    const policy = await loadPolicy(profile, policyIo([], cwd));
    const { Evaluator } = await import('../../policies/rules/evaluate.ts');
    const evaluator = new Evaluator(policy.book, Date.now());
    let store: Promise<ImageStore> | undefined;
    const openStore = () => {
      store ??= ImageStore.open();
      return store;
    };
    const platform = flags.platform === undefined ? undefined : parsePlatform(flags.platform);
    const images = { policy, openStore, platform, name: nameOf(flags.name) };
    const collect = async () => {
      const audited = [];
      for (const target of new Set(args.target))
        for (const found of await subjectsOf(target, images)) {
          const engine = underEngine(policy, found.subject);
          for (const { at, text } of engine?.tightened ?? [])
            this.note(`${found.subject.name}${at}: underneath an engine made tighter: ${text}`);
          audited.push(reviewed(evaluator, { ...found, engine }));
        }
      if (audited.length === 0) this.note(`nothing in ${args.target.join(', ')} can be looked at`);
      return audited;
    };
    const code = await this.audit(flags, collect);
    for (const note of exceptionNotes(policy, evaluator)) this.note(note);
    return code;
  }
}
