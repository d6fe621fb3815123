// SPDX-License-Identifier: Apache-2.0
// What looks like a secret. Values never appear in what is returned: findings are printed and uploaded.

/** Words of a name that hold one. */
const SECRET_NAMES = new Set(
  'PASSWORD PASSWD PASSPHRASE PASS PWD SECRET SECRETS TOKEN APIKEY CREDENTIAL CREDENTIALS PRIVATEKEY ACCESSKEY AUTHTOKEN'.split(
    ' ',
  ),
);
/** `X_KEY` is a secret behind these words and a name of something else behind others. */
const KEY_OF = new Set('API ACCESS SECRET PRIVATE SIGNING ENCRYPTION AUTH MASTER DEPLOY SSH AWS STRIPE'.split(' '));
/** Words that make a name one of something about a secret: where it is, how long it lives, the half that everybody may know. */
const ABOUT = new Set(
  'PUBLIC PUB PATH FILE FILES DIR DIRECTORY URL URI ENDPOINT NAME ID LENGTH LEN SIZE TTL EXPIRY EXPIRES EXPIRATION TIMEOUT TYPE POLICY ALGORITHM ALGO MODE MIN MAX HEADER FORMAT REGEX PATTERN COUNT ENABLED DISABLED REQUIRED ALLOWED ALLOW DISABLE ENABLE USE FINGERPRINT KEYRING KEYSERVER HASH VERSION STORE AUDIENCE ISSUER SERVICE HELPER MANAGER'.split(
    ' ',
  ),
);
/** Values that are none: empty, a switch, a variable, a place, something to be replaced. */
const PLACEHOLDER =
  /^(?:|true|false|yes|no|on|off|none|null|nil|undefined|\d{1,5}|\$.*|.*\$\{.*|<.*>|\{\{.*|\/[^+=]*|https?:\/\/[^@]*|x{3,}|\*{3,}|\.{3,}|unset|empty|file)$/i;

/** Forms that only a credential has. Each is a fixed prefix and a bounded run, so that no text makes them slow. */
const FORMS: readonly (readonly [string, RegExp])[] = [
  ['an AWS access key', /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/],
  ['a GitHub token', /\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{40,})/],
  ['a GitLab token', /\bglpat-[A-Za-z0-9_-]{20}/],
  ['a Slack token', /\bxox[abprs]-[A-Za-z0-9-]{20}/],
  ['a Stripe key', /\b[rs]k_live_[A-Za-z0-9]{16}/],
  ['a Google API key', /\bAIza[A-Za-z0-9_-]{35}/],
  ['an npm token', /\bnpm_[A-Za-z0-9]{36}/],
  ['a PyPI token', /\bpypi-AgEI[A-Za-z0-9_-]{20}/],
  ['an OpenAI or Anthropic key', /\bsk-(?:proj-|ant-)?[A-Za-z0-9_-]{32}/],
  ['a private key', /-----BEGIN (?:[A-Z]{1,16} ){0,3}PRIVATE KEY(?: BLOCK)?-----/],
  ['a JSON web token', /\beyJ[A-Za-z0-9_-]{10,400}\.eyJ[A-Za-z0-9_-]{10,2000}\.[A-Za-z0-9_-]{10}/],
  [
    'a password in a URL',
    /\b[a-z][a-z0-9+]{1,15}:\/\/[^\s/:@'"$<{]{0,64}:(?!x-oauth-basic)[^\s/:@'"$<{]{3,128}@[\w.-]/,
  ],
];

/** `dbPassword`, `DB_PASSWORD`, `db-password` to words in capitals. */
function words(name: string): string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toUpperCase()
    .split(/[^A-Z0-9]+/)
    .filter((word) => word !== '');
}

/** A name such as `DB_PASSWORD` or `apiKey`; not `PUBLIC_KEY`, `TOKEN_URL` or `PASSWORD_FILE`. */
export function isSecretName(name: string): boolean {
  const parts = words(name.slice(0, 256));
  // PWD alone is the working directory.
  if (
    parts.length === 0 ||
    parts.some((part) => ABOUT.has(part)) ||
    parts.join('_') === 'PWD' ||
    parts.join('_') === 'OLDPWD'
  )
    return false;
  return parts.some(
    (part, i) =>
      SECRET_NAMES.has(part) || part.endsWith('PASSWORD') || (part === 'KEY' && KEY_OF.has(parts[i - 1] ?? '')),
  );
}

/** What kind of credential stands in a text, by its form alone. */
export function credentialIn(text: string): string | undefined {
  return FORMS.find(([, form]) => form.test(text.slice(0, 1 << 20)))?.[0];
}

/** Bits per character. */
export function entropy(text: string): number {
  const counts = new Map<string, number>();
  for (const char of text) counts.set(char, (counts.get(char) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
}

/** Random text, as no word, version, digest or list of words is. */
function isRandom(value: string): boolean {
  if (!/^[A-Za-z0-9+/=_-]{24,256}$/.test(value) || /^[0-9a-f]+$/i.test(value)) return false;
  const classes = [/[a-z]/, /[A-Z]/, /\d/].filter((kind) => kind.test(value)).length;
  return classes === 3 && entropy(value) >= 4.2 && !/[/_-][a-z]{4,}[/_-]/.test(value);
}

/** Why `name=value` looks like a secret, or undefined. Without a value the name alone counts. */
export function secretIn(name: string, value: string | undefined): string | undefined {
  if (value === undefined) return isSecretName(name) ? 'its name is that of a secret' : undefined;
  const form = credentialIn(value);
  if (form !== undefined) return `its value is ${form}`;
  if (PLACEHOLDER.test(value.slice(0, 512).trim())) return undefined;
  if (isSecretName(name)) return 'its name is that of a secret';
  const parts = words(name.slice(0, 256));
  const plain = parts.some(
    (part) =>
      ABOUT.has(part) ||
      ['SHA256', 'SHA512', 'CHECKSUM', 'DIGEST', 'SUM', 'COMMIT', 'REVISION', 'INTEGRITY', 'GPG'].includes(part),
  );
  return !plain && isRandom(value) ? 'its value is random, as only keys and tokens are' : undefined;
}
