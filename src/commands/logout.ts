// SPDX-License-Identifier: Apache-2.0
import { Args, Command, Flags } from '../cli/command.ts';
import { SecureError } from '../errors.ts';
import { logout, parseRegistry } from '../runtime/registry/login.ts';

export default class Logout extends Command {
  static override id = 'logout';
  static override summary = 'Forget the credentials of a registry.';
  static override description =
    'In every file where they are looked for, those of docker and podman, and with the credential helpers that these name.';
  static override examples = ['$ secure logout registry.example', '$ secure logout --all'];
  static override args = { registry: Args.string({ description: 'HOST[:PORT]; docker.io.' }) };
  static override flags = { all: Flags.boolean({ char: 'a', description: 'Those of all registries.' }) };

  async run(): Promise<undefined> {
    const { args, flags } = await this.parse(Logout);
    if (flags.all && args.registry !== undefined) {
      throw new SecureError('USAGE', '--all and a registry cannot be used together');
    }
    const registry = flags.all ? undefined : parseRegistry(args.registry ?? 'docker.io');
    const forgotten = await logout(registry);
    if (this.jsonEnabled()) this.logJson({ forgotten });
    else for (const { registry: name, file } of forgotten) this.log(`logged out of ${name} (${file})`);
    if (forgotten.length === 0)
      this.note(registry === undefined ? 'not logged in anywhere' : `not logged in to ${registry}`);
  }
}
