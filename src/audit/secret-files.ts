// SPDX-License-Identifier: Apache-2.0

const NAMES: readonly (readonly [RegExp, string])[] = [
  [/^id_(?:rsa|dsa|ecdsa|ed25519)(?:_sk)?$/, 'a private key of ssh'],
  [/^ssh_host_[a-z0-9]+_key$/, 'the key of an ssh server'],
  [/^\.env(?:\.(?:local|production|prod|development|dev|staging|test))?$/, 'a file of settings, where passwords stand'],
  [
    /^\.(?:netrc|pgpass|my\.cnf|npmrc|yarnrc\.yml|pypirc|git-credentials|htpasswd|dockercfg|vault-token|s3cfg)$/,
    'a file of credentials',
  ],
  [/\.(?:p12|pfx|jks|keystore|kdbx|ppk)$/i, 'a store of keys'],
  [/^terraform\.tfstate$/, 'the state of terraform, where secrets stand'],
];
const PATHS: readonly (readonly [RegExp, string])[] = [
  [/(?:^|\/)\.aws\/credentials$/, 'credentials of AWS'],
  [/(?:^|\/)\.docker\/config\.json$/, 'credentials of registries'],
  [/(?:^|\/)\.kube\/config$/, 'credentials of a cluster'],
  [
    /(?:^|\/)gcloud\/(?:credentials\.db|application_default_credentials\.json|legacy_credentials)/,
    'credentials of Google Cloud',
  ],
  [/(?:^|\/)\.azure\/(?:accessTokens\.json|msal_token_cache\.json)$/, 'credentials of Azure'],
  [/(?:^|\/)\.(?:ssh|aws|gnupg)\/?$/, 'a directory of keys'],
  [/(?:^|\/)\.git\/?$/, 'a repository with its whole history'],
];

/** What a file or directory is by its path alone, or undefined. A public half, an example or a template is nothing. */
export function secretFile(path: string): string | undefined {
  const name = path.slice(path.replace(/\/$/, '').lastIndexOf('/') + 1);
  return (NAMES.find(([form]) => form.test(name)) ?? PATHS.find(([form]) => form.test(path)))?.[1];
}
