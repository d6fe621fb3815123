// SPDX-License-Identifier: Apache-2.0
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { buildProgress } from '../../cli/build/progress.ts';
import { readBuildRequest } from '../../cli/build/request.ts';
import { Args, Command, Flags } from '../../cli/command.ts';
import { valueFlag } from '../../cli/definitions.ts';
import { interruptible } from '../../cli/interrupt.ts';
import { progress } from '../../cli/progress.ts';
import { parseInteger } from '../../cli/values/number.ts';
import { loadPolicy } from '../../policies/index.ts';
import { buildImage } from '../../runtime/build/build.ts';
import { readConfig } from '../../runtime/config.ts';
import { ImageStore } from '../../runtime/images/store.ts';
import { Inputs } from '../../runtime/inputs.ts';
import { requireRoot } from '../../runtime/launch.ts';
import { policyIo } from '../../runtime/policy-io.ts';
import { compressionFlag } from './compression-flag.ts';

export default class ImageBuild extends Command {
  static override id = 'image:build';
  static override summary = 'Build an image from a Dockerfile.';
  static override description =
    'Each RUN is a container of its own, confined as `secure run` does it: user namespace, seccomp, Landlock, no more capabilities than the policy gives. ' +
    'Steps whose inputs are the same are not done again. With SOURCE_DATE_EPOCH equal inputs give an equal digest.';
  static override examples = [
    '$ secure image build -t app .',
    '$ secure image build -t app --secret id=token,src=token.txt --build-arg VERSION=1.2 .',
    '$ secure image build -t app --network none --policy policy.yaml -f docker/Dockerfile .',
    '$ secure image build -t app - < Dockerfile',
  ];
  static override args = {
    context: Args.string({
      default: '.',
      description: 'Directory with the files to build from, or - for none and a Dockerfile on stdin.',
    }),
  };
  static override flags = {
    tag: Flags.string({ char: 't', multiple: true, description: 'Name to give it.', helpValue: 'NAME[:TAG]' }),
    file: Flags.string({
      char: 'f',
      description: 'Build file; default: Dockerfile or Containerfile of the context.',
      helpValue: 'FILE',
    }),
    'build-arg': Flags.string({
      multiple: true,
      description: 'Value of an ARG; without one, that of the variable here.',
      helpValue: 'NAME[=VALUE]',
    }),
    target: Flags.string({ description: 'Stage to build; default: the last.', helpValue: 'STAGE' }),
    secret: Flags.string({
      multiple: true,
      description: 'For RUN --mount=type=secret; never in the image.',
      helpValue: 'id=ID,src=FILE|env=NAME',
    }),
    ssh: Flags.string({ multiple: true, description: 'Agent for RUN --mount=type=ssh.', helpValue: 'ID[=SOCKET]' }),
    label: Flags.string({ multiple: true, description: 'Label.', helpValue: 'NAME=VALUE' }),
    network: Flags.string({ options: ['default', 'none'], description: 'Network of the steps.' }),
    policy: Flags.string({
      aliases: ['profile'],
      description: 'What steps and base images are held against; default: the configured policy.',
      helpValue: 'NAME|FILE',
    }),
    pull: Flags.string({
      options: ['missing', 'always', 'never'],
      default: 'missing',
      description: 'When to fetch base images.',
    }),
    trust: Flags.boolean({ description: 'Accept base images where the policy wants that to be approved.' }),
    'no-cache': Flags.boolean({ description: 'Do every step again.' }),
    parallel: valueFlag((flag, text) => parseInteger(flag, text, 1, 64), {
      description: 'Steps at the same time; default: one per processor.',
      helpValue: 'NUMBER',
    }),
    compression: compressionFlag,
    quiet: Flags.boolean({ char: 'q', description: 'Print the digest only.' }),
    iidfile: Flags.string({ description: 'Write the digest to a file.', helpValue: 'FILE' }),
  };

  async run(): Promise<undefined> {
    const { args, flags } = await this.parse(ImageBuild);
    requireRoot(process.geteuid?.() ?? -1);
    const [cwd, inputs] = [process.cwd(), new Inputs()];
    const { profile, network } = await readConfig(flags.policy, cwd, inputs);
    const policy = await loadPolicy(profile, policyIo([], cwd));
    const request = readBuildRequest(
      args.context,
      { ...flags, parallel: flags.parallel ?? availableParallelism() },
      policy,
      network,
    );
    const quiet = flags.quiet || this.jsonEnabled();
    const { onEvent, failed } = buildProgress(quiet);
    const store = await ImageStore.open(undefined, progress(true));
    const records = await interruptible((signal) => buildImage(store, request, onEvent, signal)).catch(
      (error: unknown) => {
        failed();
        throw error;
      },
    );
    const [record] = records;
    if (flags.iidfile !== undefined) writeFileSync(flags.iidfile, record?.digest ?? '');
    if (this.jsonEnabled()) this.logJson({ images: records });
    else if (flags.quiet) this.log(record?.digest ?? '');
    else for (const { reference, digest } of records) this.log(`${reference}@${digest}`);
  }
}
