// SPDX-License-Identifier: Apache-2.0
// A token server (distribution "Token Authentication") that Debian's docker-registry believes.
import { randomUUID, sign, X509Certificate } from 'node:crypto';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Certificate } from './certificates.ts';

export const SERVICE = 'registry of a test';
export const ISSUER = 'token server of a test';

export interface TokenServer {
  readonly realm: string;
  /** Scopes of each request. */
  readonly asked: string[][];
  /** Seconds that a token counts. */
  lifetime: number;
  stop(): void;
}

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

function access(scope: string, user: string | undefined) {
  const [type = '', name = '', actions = ''] = scope.split(':');
  // Anybody may read what is below public/, users may do everything.
  const allowed = actions
    .split(',')
    .filter((action) => user !== undefined || (action === 'pull' && name.startsWith('public/')));
  return { type, name, actions: allowed };
}

/** Knows one user, `me` with the password `secret`. */
export async function startTokenServer(certificate: Certificate): Promise<TokenServer> {
  const asked: string[][] = [];
  const der = new X509Certificate(certificate.pem.cert).raw.toString('base64');
  const server: Server = createServer(certificate.pem, (request, response) => {
    const query = new URL(request.url ?? '', 'https://x').searchParams;
    const scopes = query.getAll('scope');
    asked.push(scopes);
    const given = request.headers.authorization;
    const known = given === `Basic ${Buffer.from('me:secret').toString('base64')}`;
    if (given !== undefined && !known) return void response.writeHead(401).end();
    const now = Math.floor(Date.now() / 1000);
    const claims = {
      iss: ISSUER,
      sub: known ? 'me' : '',
      aud: query.get('service'),
      exp: now + tokens.lifetime,
      nbf: now - 10,
      iat: now,
      jti: randomUUID(),
      access: scopes.map((scope) => access(scope, known ? 'me' : undefined)),
    };
    const text = `${part({ typ: 'JWT', alg: 'ES256', x5c: [der] })}.${part(claims)}`;
    const key = { key: certificate.pem.key, dsaEncoding: 'ieee-p1363' } as const;
    const token = `${text}.${sign('sha256', Buffer.from(text), key).toString('base64url')}`;
    response.end(JSON.stringify({ token, access_token: token, expires_in: tokens.lifetime }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const tokens: TokenServer = {
    realm: `https://127.0.0.1:${(server.address() as AddressInfo).port}/token`,
    asked,
    lifetime: 300,
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
  return tokens;
}
