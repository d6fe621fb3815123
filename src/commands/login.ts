// SPDX-License-Identifier: Apache-2.0
import { Args, Command, Flags } from '../cli/command.ts';
import { valueFlag } from '../cli/definitions.ts';
import { lineOfStdin, Prompt } from '../cli/prompt.ts';
import { SecureError } from '../errors.ts';
import { checkPair, login, parseRegistry } from '../runtime/registry/login.ts';

/** A command line is seen by every user of the host and kept by the shell. */
function refusePassword(): string {
  throw new SecureError('USAGE', 'a password on the command line can be read by others, and is kept in the history', {
    hint: 'give it on stdin: secure login --username USER --password-stdin REGISTRY < FILE; or be asked for it',
  });
}

async function ask(username: string | undefined): Promise<[string, string]> {
  if (!Prompt.possible) {
    throw new SecureError('MISSING_ARGUMENT', 'there is no terminal to ask for the password on', {
      hint: 'use --username USER --password-stdin',
    });
  }
  const prompt = new Prompt();
  try {
    return [username ?? (await prompt.ask('Username: ')), await prompt.ask('Password: ', { hidden: true })];
  } finally {
    prompt.close();
  }
}

export default class Login extends Command {
  static override id = 'login';
  static override summary = 'Log in to a registry.';
  static override description =
    'Tries user and password at the registry, then stores them as docker does: with the credential helper that config.json names, else in ' +
    'config.json; or in $REGISTRY_AUTH_FILE. docker, podman and skopeo find them there.';
  static override examples = [
    '$ secure login registry.example',
    '$ pass show registry | secure login --username ci --password-stdin registry.example:5000',
  ];
  static override args = { registry: Args.string({ default: 'docker.io', description: 'HOST[:PORT]; docker.io.' }) };
  static override flags = {
    username: Flags.string({ char: 'u', description: 'User.', helpValue: 'USER' }),
    'password-stdin': Flags.boolean({ description: 'Read the password from stdin.', dependsOn: ['username'] }),
    password: valueFlag(refusePassword, { char: 'p', description: 'Refused: see --password-stdin.' }),
  };

  async run(): Promise<undefined> {
    const { args, flags } = await this.parse(Login);
    const registry = parseRegistry(args.registry);
    const [username, password] = flags['password-stdin']
      ? [flags.username ?? '', await lineOfStdin()]
      : await ask(flags.username);
    const stored = await login(registry, checkPair(username, password), { warn: (text) => this.warn(text) });
    if (!stored.checked) this.note(`${registry} asks nobody who they are: user and password could not be tried`);
    if (this.jsonEnabled()) this.logJson({ registry, username, ...stored });
    else this.log(`logged in to ${registry} as ${username}`);
    this.note(
      stored.helper === null ? `stored unencrypted in ${stored.file}` : `stored by docker-credential-${stored.helper}`,
    );
  }
}
