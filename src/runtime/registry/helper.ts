// SPDX-License-Identifier: Apache-2.0
// Credential helpers (docker/docker-credential-helpers): a program for each action, asked on stdin, which answers in JSON on
// stdout. What it prints may be a secret in any state of its failing, so none of it ever gets into a message.
import { accessSync, constants, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { SecureError } from '../../errors.ts';
import { errnoOf } from '../images/durable.ts';
import { type Credentials, parseSecret } from './types.ts';

export type HelperAction = 'get' | 'store' | 'erase';

export interface HelperOptions {
  /** Of the helper too: it may need a bus, an agent or a home. */
  readonly env: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
  /** Milliseconds; it may be waiting for a person to unlock something. */
  readonly patience?: number;
}

const PATIENCE = 120_000;
const ANSWER_LIMIT = 1 << 20;
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
/** What every helper says, by its library, when it has nothing. */
const NOTHING = 'credentials not found in native keychain';
/** The user name that marks an OAuth2 refresh token. */
const TOKEN_USER = '<token>';

function failed(name: string, problem: string, hint: string, cause?: unknown): SecureError {
  return new SecureError('REGISTRY_AUTH', `credential helper docker-credential-${name} ${problem}`, { hint, cause });
}

/** By absolute directories of PATH only: one that means another place in each directory would run what lies about there. */
function locate(name: string, env: NodeJS.ProcessEnv): string {
  const program = `docker-credential-${name}`;
  for (const directory of (env.PATH ?? '').split(':').filter(isAbsolute)) {
    const path = join(directory, program);
    try {
      accessSync(path, constants.X_OK);
      if (statSync(path).isFile()) return path;
    } catch {
      // Not here.
    }
  }
  throw failed(
    name,
    'is not installed',
    `install ${program} in a directory of PATH, or take it out of the configuration`,
  );
}

/** Exit code and stdout of a helper, which gets `input`. */
async function call(name: string, action: HelperAction, input: string, options: HelperOptions) {
  if (!NAME.test(name)) {
    const shown = JSON.stringify(name.slice(0, 80));
    throw new SecureError('REGISTRY_AUTH', `${shown} is no name of a credential helper`, {
      hint: 'credsStore and credHelpers name what follows docker-credential-: letters, digits, ".", "_" and "-"',
    });
  }
  const path = locate(name, options.env);
  // Loaded here: a `secure run` that needs no credentials does without.
  const { spawn } = await import('node:child_process');
  // stderr is the terminal's: that is where a helper asks for what unlocks it.
  const child = spawn(path, [action], { env: options.env, stdio: ['pipe', 'pipe', 'inherit'] });
  const parts: Buffer[] = [];
  let size = 0;
  return new Promise<{ code: number; output: string }>((resolve, reject) => {
    const end = (error: SecureError) => {
      clearTimeout(timer);
      child.kill('SIGKILL');
      // A child of its own may hold the pipe for ever.
      child.stdout.destroy();
      reject(error);
    };
    const patience = options.patience ?? PATIENCE;
    const hint = `try it by hand: docker-credential-${name} list`;
    const timer = setTimeout(
      () => end(failed(name, `did not answer within ${patience / 1000} seconds`, hint)),
      patience,
    );
    options.signal?.addEventListener('abort', () => end(failed(name, 'was not waited for', hint)), { once: true });
    child.on('error', (error) => end(failed(name, `cannot be started (${errnoOf(error)})`, hint, error)));
    // One that reads nothing is judged by how it ends.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
    child.stdout.on('data', (chunk: Buffer) => {
      parts.push(chunk);
      size += chunk.length;
      if (size > ANSWER_LIMIT) end(failed(name, `answers more than ${ANSWER_LIMIT} bytes`, hint));
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      const output = Buffer.concat(parts).toString('utf8');
      if (code === 0 || (action !== 'store' && output.trim() === NOTHING)) resolve({ code: code ?? 1, output });
      else end(failed(name, `failed (${signal ?? `exit code ${code}`}) when asked to ${action}`, hint));
    });
  });
}

/**
 * What the helper has for a server, by the name it was stored under; undefined when it has nothing.
 * @throws SecureError REGISTRY_AUTH: it is missing, fails, takes too long or answers something else
 */
export async function helperGet(
  name: string,
  server: string,
  options: HelperOptions,
): Promise<Credentials | undefined> {
  const { code, output } = await call(name, 'get', server, options);
  if (code !== 0) return undefined;
  const json = parseSecret(Buffer.from(output), 'REGISTRY_AUTH', `the answer of docker-credential-${name}`);
  const [username, secret] = [json.string('Username', ''), json.string('Secret', '')];
  if (username === '' && secret === '') return undefined;
  if (username === TOKEN_USER) return { kind: 'identity', token: secret };
  if (username === '' || username.includes(':') || /[\r\n]/.test(username))
    throw json.fail('Username', 'is no user name');
  if (/[\r\n]/.test(secret)) throw json.fail('Secret', 'is no password');
  return { kind: 'password', username, password: secret };
}

/** Leave credentials with a helper. @throws SecureError REGISTRY_AUTH */
export async function helperStore(
  name: string,
  server: string,
  credentials: Credentials,
  options: HelperOptions,
): Promise<void> {
  const [Username, Secret] =
    credentials.kind === 'identity' ? [TOKEN_USER, credentials.token] : [credentials.username, credentials.password];
  await call(name, 'store', JSON.stringify({ ServerURL: server, Username, Secret }), options);
}

/** Have a helper forget a server. False when it knew none. @throws SecureError REGISTRY_AUTH */
export async function helperErase(name: string, server: string, options: HelperOptions): Promise<boolean> {
  return (await call(name, 'erase', server, options)).code === 0;
}
