// SPDX-License-Identifier: Apache-2.0
import { SecureError } from '../../errors.ts';
import { type Context, denied, invalid, withoutNul } from './context.ts';
import { trustEnv } from './trust.ts';

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

function put(into: Map<string, string>, entry: string, refuse: (entry: string) => SecureError): void {
  const equals = entry.indexOf('=');
  if (equals < 1) throw refuse(entry);
  into.set(entry.slice(0, equals), withoutNul('environment', entry.slice(equals + 1)));
}

/** The caller's proxy variables, which may hold a password. @throws SecureError POLICY_DENIED */
function proxyEnv({ request, policy, reasons }: Context): readonly string[] {
  if (request.proxyEnv === undefined) return [];
  const { value: allowed, by } = policy.run.proxy;
  if (!allowed) throw denied('--proxy-env', by, 'name the variables that it needs: -e HTTPS_PROXY');
  const names = request.proxyEnv.map((entry) => entry.slice(0, entry.indexOf('=')));
  const onHost = request.proxyEnv.some((entry) => /(127\.\d+\.\d+\.\d+|localhost|\[::1\])(:\d+)?\/?$/.test(entry));
  const why = onHost
    ? 'passed on; one is on loopback, where the container has only itself'
    : 'passed on as they are set here';
  const decision = names.join(' ') || 'none';
  reasons.add({ control: 'proxy', decision, by, why, required: false, ...(onHost ? { status: 'unavailable' } : {}) });
  return request.proxyEnv;
}

/** Environment, and the index of the host name's entry when the container's id is still to be put there. */
export interface Environment {
  readonly env: readonly string[];
  readonly hostnameSlot: number | undefined;
}

/**
 * Defaults, then the image, then the request; a later value takes the place of an earlier one, so the order is stable.
 * @param home directory of the user in the image's passwd file
 * @throws SecureError CONFIG_CORRUPT for a malformed entry of the image, INVALID_VALUE for one of the request.
 */
export function planEnv(context: Context, home: string): Environment {
  const { request, image } = context;
  const env = new Map<string, string>([
    ['PATH', PATH],
    ['HOSTNAME', request.hostname ?? ''],
  ]);
  if (request.tty) env.set('TERM', 'xterm');
  env.set('HOME', home);
  for (const entry of trustEnv(context)) put(env, entry, (text) => invalid('--extra-ca', text, 'KEY=VALUE'));
  const corrupt = (entry: string): SecureError =>
    new SecureError('CONFIG_CORRUPT', `${image.reference} has a malformed environment entry ${JSON.stringify(entry)}`);
  for (const entry of image.config.env) put(env, entry, corrupt);
  for (const entry of proxyEnv(context)) put(env, entry, (text) => invalid('--proxy-env', text, 'KEY=VALUE'));
  for (const entry of request.env) put(env, entry, (text) => invalid('--env', text, 'KEY=VALUE'));
  const open = request.hostname === undefined && env.get('HOSTNAME') === '';
  const entries = [...env].map(([key, value]) => (open && key === 'HOSTNAME' ? '' : `${key}=${value}`));
  return { env: entries, hostnameSlot: open ? [...env.keys()].indexOf('HOSTNAME') : undefined };
}
