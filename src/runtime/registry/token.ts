// SPDX-License-Identifier: Apache-2.0
// Answers a 401: Basic, or a token of the server that the challenge names (distribution "Token Authentication").
import { SecureError } from '../../errors.ts';
import type { Reference } from '../images/reference.ts';
import { type Challenge, parseChallenges } from './challenge.ts';
import { credentialFiles } from './credentials.ts';
import { mayFollow } from './endpoint.ts';
import { protocol } from './problems.ts';
import { type Answer, type Call, readBody } from './transport.ts';
import { type Credentials, parseSecret } from './types.ts';

const TOKEN_LIMIT = 1 << 20;

export interface Asker {
  readonly reference: Pick<Reference, 'registry' | 'repository'>;
  /** What a token is to allow. */
  readonly scopes: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  /** The credentials were typed in just now. */
  readonly given: boolean;
  /** Looked for when somebody asks, once. */
  credentials(): Promise<Credentials | undefined>;
  send(call: Call): Promise<Answer>;
}

/** No access. Registries answer the same for a repository that does not exist. */
export async function refused(asker: Asker, problem: string): Promise<SecureError> {
  const { env } = asker;
  const { registry, repository } = asker.reference;
  if (asker.given) {
    return new SecureError(
      'REGISTRY_AUTH',
      `registry ${registry}: it does not accept this user and password (${problem})`,
      {
        hint: 'some registries want a token, made on their pages, in place of the password; nothing was stored',
      },
    );
  }
  const known = (await asker.credentials()) !== undefined;
  const login = `log in with \`secure login ${registry}\``;
  const places = credentialFiles(env).join(' and ');
  return new SecureError(
    'REGISTRY_AUTH',
    `registry ${registry}: ${problem}${repository === '' ? '' : ` for ${repository}`}`,
    {
      hint: known
        ? `check the name of the image; if it is right, the stored credentials do not allow it: ${login} again`
        : `check the name of the image; if it is right, it needs credentials, and none are in ${places}: ${login}`,
    },
  );
}

const basic = ({ username, password }: Credentials & { kind: 'password' }): string =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;

function tokenCall(asker: Asker, realm: URL, service: string | undefined, credentials: Credentials | undefined): Call {
  // What the challenge names as scope is not asked for, only what is needed.
  const query = new URLSearchParams(asker.scopes.map((scope): [string, string] => ['scope', scope]));
  if (service !== undefined) query.set('service', service);
  const { signal } = asker;
  if (credentials?.kind === 'identity') {
    query.set('grant_type', 'refresh_token');
    query.set('client_id', 'secure');
    query.set('refresh_token', credentials.token);
    // A form has one scope, with spaces in it (RFC 6749, 3.3).
    query.set('scope', asker.scopes.join(' '));
    return { url: realm, headers: {}, signal, form: query.toString() };
  }
  const url = new URL(realm);
  for (const [name, value] of query) url.searchParams.append(name, value);
  const headers: Record<string, string> = credentials === undefined ? {} : { authorization: basic(credentials) };
  return { url, headers, signal };
}

async function bearer(asker: Asker, from: URL, challenge: Challenge, credentials?: Credentials): Promise<string> {
  const realm = URL.parse(challenge.parameters.get('realm') ?? '');
  if (realm === null || !mayFollow(from, realm)) {
    throw protocol(from.host, 'it sends to a place for tokens that is no https address');
  }
  const answer = await asker.send(tokenCall(asker, realm, challenge.parameters.get('service'), credentials));
  if (answer.status === 200) {
    const what = `the token of ${realm.host}`;
    const json = parseSecret(await readBody(answer, TOKEN_LIMIT, what), 'REGISTRY_PROTOCOL', what);
    const token = json.string('token', '') || json.string('access_token', '');
    if (!/^[\x21-\x7e]+$/.test(token)) throw json.fail('token', 'is no token');
    return `Bearer ${token}`;
  }
  answer.discard();
  if (answer.status === 401 || answer.status === 403 || answer.status === 400) {
    throw await refused(asker, `${realm.host} gives no token (${answer.status})`);
  }
  throw protocol(realm.host, `it answers ${answer.status} when asked for a token`);
}

/**
 * The Authorization header that answers a 401.
 * @throws SecureError REGISTRY_AUTH, REGISTRY_PROTOCOL, CONFIG_INVALID
 */
export async function authorize(asker: Asker, answer: Answer): Promise<string> {
  const challenges = answer.headers('www-authenticate').flatMap(parseChallenges);
  const byScheme = (scheme: string) => challenges.find((challenge) => challenge.scheme === scheme);
  const [token, password] = [byScheme('bearer'), byScheme('basic')];
  if (token === undefined && password === undefined) {
    throw protocol(answer.url.host, 'it wants authentication of no kind that is known (Bearer, Basic)');
  }
  const credentials = await asker.credentials();
  if (token !== undefined) return bearer(asker, answer.url, token, credentials);
  if (credentials?.kind === 'password') return basic(credentials);
  throw await refused(asker, 'it wants a user and a password');
}
