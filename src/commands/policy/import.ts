// SPDX-License-Identifier: Apache-2.0
import { Args, Command, Flags } from '../../cli/command.ts';
import { printable } from '../../cli/output.ts';
import { ExitCode } from '../../errors.ts';
import { importDockerConfig, importKyvernoPolicy, importPodmanPolicy } from '../../runtime/policy-import.ts';

export default class PolicyImport extends Command {
  static override id = 'policy:import';
  static override summary = 'Write a policy of another tool as one of this.';
  static override description =
    'podman: policy.json of podman, skopeo and CRI-O, whose signatures images must have. kyverno: verifyImages of policies of Kyverno. docker: daemon.json, what of it is about ' +
    'containers. The policy goes to stdout, and to stderr what cannot be said in it: there it is ' +
    'stricter, and the exit code is 1.';
  static override examples = [
    '$ secure policy import podman /etc/containers/policy.json > policy.yaml',
    '$ secure policy import kyverno verify.yaml --keys keys --trusted-root sigstore > policy.yaml',
    '$ secure policy import docker /etc/docker/daemon.json > policy.yaml',
    '$ secure policy import podman policy.json --keys keys --trusted-root sigstore > policy.yaml',
  ];
  static override args = {
    tool: Args.string({ required: true, options: ['podman', 'kyverno', 'docker'], description: 'Whose policy it is.' }),
    file: Args.string({ required: true, description: 'The file.' }),
  };
  static override flags = {
    keys: Flags.string({ description: 'Where to put keys that the file holds itself.', helpValue: 'DIRECTORY' }),
    'trusted-root': Flags.string({
      description: 'Whose certificates count for signatures without a key; sigstore: the public instance.',
      helpValue: 'FILE',
    }),
    'without-log': Flags.boolean({
      description: 'kyverno: a signature by a key counts without an entry in a transparency log.',
    }),
    'registries-d': Flags.string({
      description: 'Write the addresses of signatures into the policy; default: they are looked up when it is used.',
      helpValue: 'DIRECTORY',
    }),
  };

  async run(): Promise<number> {
    const { args, flags } = await this.parse(PolicyImport);
    const [cwd, withoutLog] = [process.cwd(), flags['without-log']];
    const options = { cwd, keys: flags.keys, trustedRoot: flags['trusted-root'] };
    const importing = {
      podman: () => importPodmanPolicy(args.file, { ...options, registriesD: flags['registries-d'] }),
      kyverno: () => importKyvernoPolicy(args.file, { ...options, withoutLog }),
      docker: () => importDockerConfig(args.file, cwd),
    }[args.tool as 'podman' | 'kyverno' | 'docker'];
    const { text, policy, notes, keys } = await importing();
    if (this.jsonEnabled()) this.logJson({ policy, notes, keys });
    else this.log(text.trimEnd());
    for (const { kind, file, line, column, part, message } of notes)
      this.note(
        printable(`${file}:${line}:${column}: ${kind === 'lost' ? 'not mapped' : 'note'}: ${part}: ${message}`),
      );
    return notes.some(({ kind }) => kind === 'lost') ? ExitCode.findings : ExitCode.ok;
  }
}
