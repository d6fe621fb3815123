// SPDX-License-Identifier: Apache-2.0
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: of other languages
import { expect, it } from 'vitest';
import { secretFile } from '../../src/audit/secret-files.ts';
import { credentialIn, isSecretName, secretIn } from '../../src/audit/secrets.ts';

it.each([
  'DB_PASSWORD',
  'dbPassword',
  'db-password',
  'TOKEN',
  'GITHUB_TOKEN',
  'API_KEY',
  'apiKey',
  'AWS_SECRET_ACCESS_KEY',
  'PGPASSWORD',
  'MYSQL_ROOT_PASSWORD',
  'MYSQL_PWD',
  'CLIENT_SECRET',
  'PRIVATE_KEY',
  'SIGNING_KEY',
  'spring.datasource.password',
  'npm_config__authToken',
])('%s is the name of a secret', (name) => {
  expect(isSecretName(name)).toBe(true);
});

it.each([
  'PUBLIC_KEY',
  'SSH_PUBLIC_KEY',
  'PWD',
  'OLDPWD',
  'PASSWORD_FILE',
  'TOKEN_URL',
  'AWS_ACCESS_KEY_ID',
  'SECRET_NAME',
  'MIN_PASSWORD_LENGTH',
  'GPG_KEY',
  'KEY',
  'PATH',
  'KEYBOARD',
  'COMPASS',
  'TOKENIZERS_PARALLELISM',
  'PASSENGER',
  'AUTHOR',
  'SECRETARY',
  'MONKEY',
  'API_KEY_HEADER',
  'NODE_VERSION',
  'ALLOW_EMPTY_PASSWORD',
  'ACCESS_TOKEN_TTL',
  'BYPASS_CACHE',
  '',
])('%s is none', (name) => {
  expect(isSecretName(name)).toBe(false);
});

it.each([
  ['A', 'AKIAIOSFODNN7EXAMPLE', 'AWS'],
  ['A', `ghp_${'a1B2'.repeat(9)}`, 'GitHub'],
  ['A', 'postgres://app:hunter2x@db/x', 'URL'],
  ['A', 'c29tZSByYW5kb20gdGV4dCBvZiBtaW5l9Xq2LpZ7', 'random'],
  ['DB_PASSWORD', 'hunter2', 'name'],
  ['DB_PASSWORD', undefined, 'name'],
] as const)('%s=%s: %s', (name, value, why) => {
  expect(secretIn(name, value)).toContain(why);
});

it.each([
  ['DB_PASSWORD', ''],
  ['DB_PASSWORD', '${DB_PASSWORD}'],
  ['DB_PASSWORD', '$X'],
  ['DB_PASSWORD', '/run/secrets/db'],
  ['TOKEN', 'true'],
  ['DB_PASSWORD', '<password>'],
  ['A', 'https://example.com/x'],
  ['A', 'https://user@example.com/'],
  ['A', 'ssh://git@example.com:22/x'],
  ['A', '24454f830cdb571e2c4ad15481119c43b3cafd48dd869a9b2945d1036d1dc68d'],
  ['NODE_SHA512', 'c29tZSByYW5kb20gdGV4dCBvZiBtaW5l9Xq2LpZ7'],
  ['PATH', '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
  ['JAVA_OPTS', '-XX:+UseContainerSupport -Dfile.encoding=UTF-8'],
  [
    'PYTHON_GET_PIP_URL',
    'https://github.com/pypa/get-pip/raw/66030fa03382b4914d4c4d0896961a0bdeeeb274/public/get-pip.py',
  ],
  ['GPG_KEY', '7169605F62C751356D054A26A821E680E5FA6305'],
  ['DB', 'postgres://app:${PASSWORD}@db/x'],
  ['A', undefined],
] as const)('%s=%s is none', (name, value) => {
  expect(secretIn(name, value)).toBeUndefined();
});

it('never repeats the value', () => {
  expect(secretIn('DB_PASSWORD', 'hunter2')).not.toContain('hunter2');
  expect(secretIn('A', 'postgres://app:hunter2x@db/x')).not.toContain('hunter2');
});

it.each([
  ['root/.ssh/id_ed25519', true],
  ['.env', true],
  ['a/.env.production', true],
  ['.aws/credentials', true],
  ['a/.git', true],
  ['x.p12', true],
  ['id_rsa.pub', false],
  ['.env.example', false],
  ['credentials', false],
  ['.github', false],
  ['.gitignore', false],
  ['config.json', false],
  ['a.key.md', false],
])('%s: %s', (path, expected) => {
  expect(secretFile(path) !== undefined).toBe(expected);
});

it('hostile text takes no time', () => {
  const start = process.cpuUsage().user;
  for (const text of ['a', 'eyJ', 'eyJa.', '://', 'a:', 'a://b:', '-----BEGIN ', 'sk-', '${', '<', '_', 'aB', '/']) {
    credentialIn(text.repeat((1 << 20) / text.length));
    secretIn(text.repeat(10_000), text.repeat(100_000));
  }
  expect(process.cpuUsage().user - start).toBeLessThan(2_000_000);
});
