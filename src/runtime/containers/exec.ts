// SPDX-License-Identifier: Apache-2.0
// A further process in a running container: as the same kind of user, never as more than the plan allows.
import { ExitCode, SecureError } from '../../errors.ts';
import { readMerged } from '../images/merged.ts';
import { resolveUser } from '../plan/user.ts';
import { type ContainerConfig, findContainer, readConfig } from './containers.ts';

export interface ExecRequest {
  readonly container: string;
  /** Program and arguments, verbatim. */
  readonly args: readonly string[];
  readonly interactive: boolean;
  readonly tty: boolean;
  readonly detach: boolean;
  readonly env: readonly string[];
  readonly workdir?: string;
  /** `user[:group]`, names or numbers. */
  readonly user?: string;
}

const ACCOUNTS_LIMIT = 1 << 20;

/**
 * Names mean what the image's files say, not what the container has made of them since. Where the plan keeps root out,
 * `exec` does too.
 */
function execUser(text: string, config: ContainerConfig): string {
  const layers = (config.secure?.layers ?? []).map(({ path }) => path);
  const passwd = readMerged(layers, 'etc/passwd', ACCOUNTS_LIMIT);
  const group = readMerged(layers, 'etc/group', ACCOUNTS_LIMIT);
  const { uid, gid } = resolveUser(text, { passwd, group, from: '--user' });
  const rule = config.secure?.reasons?.find(({ control }) => control === 'user');
  if ((uid === 0 || gid === 0) && rule?.required === true) {
    throw new SecureError('POLICY_DENIED', `--user ${text} is root, which the profile of this container keeps out`, {
      hint: 'leave --user out, or name another user and group',
      exitCode: ExitCode.container,
    });
  }
  return `${uid}:${gid}`;
}

/** The command line of secure-runtime for it. @throws SecureError NO_SUCH_CONTAINER, USER_*, POLICY_DENIED */
export async function execArguments(request: ExecRequest): Promise<string[]> {
  const { id, ...container } = await findContainer(request.container);
  const args = ['container', 'exec'];
  if (request.interactive) args.push('-i');
  if (request.tty) args.push('-t');
  if (request.detach) args.push('-d');
  for (const entry of request.env) args.push('-e', entry);
  if (request.workdir !== undefined) args.push('-w', request.workdir);
  if (request.user !== undefined) {
    const config = await readConfig({ id, ...container });
    if (config === undefined) throw new SecureError('RUNTIME_FAILED', `the record of ${container.name} cannot be read`);
    args.push('-u', execUser(request.user, config));
  }
  return [...args, id, '--', ...request.args];
}
