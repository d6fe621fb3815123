// SPDX-License-Identifier: Apache-2.0
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the shell's, not ours
// What the checks of Dockerfiles say beyond their examples: what must not be found, and what hides.
import { describe, expect, it } from 'vitest';
import { parseDockerfile } from '../../../src/audit/facts/dockerfile.ts';
import type { Check } from '../../../src/audit/types.ts';
import { checkFiles } from '../../support/audit.ts';

type DockerfileCheck = Check<ReturnType<typeof parseDockerfile>, string>;
const checks = (await checkFiles())
  .filter(({ file }) => file.startsWith('dockerfile/'))
  .map(({ check }) => check as unknown as DockerfileCheck);

/** Numbers of the checks that fail. */
function failing(text: string): number[] {
  const facts = parseDockerfile(text);
  return checks
    .filter(({ check }) => check(facts).status === 'fail')
    .map(({ id }) => Number(id.slice(-4)))
    .sort((a, b) => a - b);
}
const HEALTH = 'HEALTHCHECK NONE\n';
const run = (text: string) => failing(`FROM debian:12\nRUN ${text}\n${HEALTH}USER 1\n`);

describe('the last user', () => {
  it.each([
    ['FROM a:1\nUSER root\nUSER app\n', []],
    ['FROM a:1\nUSER app\nUSER ROOT\n', []],
    ['FROM a:1\nUSER app\nUSER "root"\n', [1]],
    ['FROM a:1\nUSER app\nUSER root:app\n', [1]],
    ['FROM a:1\nUSER app\nUSER 00\n', [1]],
    ['FROM a:1\nUSER app\nUSER :0\n', [1]],
    ['FROM a:1\nARG U=root\nUSER $U\n', [1]],
    ['FROM a:1\nARG U=1000\nUSER ${U}:${U}\n', []],
    ['FROM a:1\nARG U\nUSER $U\n', []],
    ['FROM a:1\nUSER ${U:-0}\n', [1]],
    ['FROM a:1\nUSER app\nRUN <<EOF\nUSER root\nEOF\n'.replace('USER root', 'echo USER root'), []],
    ['FROM a:1\nUSER app\n# USER root\n', []],
    ['FROM a:1\nUSER app\nONBUILD USER root\n', []],
    ['FROM a:1 AS b\nUSER root\nFROM a:1\nCOPY --from=b a b\nUSER 1\n', []],
    ['FROM a:1 AS b\nUSER 1\nFROM a:1\n', [2]],
    ['FROM a:1 AS b\nUSER 1\nFROM b\n', []],
    ['FROM gcr.io/distroless/static:nonroot\n', []],
    [
      'FROM gcr.io/distroless/static:latest-nonroot@sha256:24454f830cdb571e2c4ad15481119c43b3cafd48dd869a9b2945d1036d1dc68d\n',
      [],
    ],
    ['FROM evil/nonroot-not:1\n', [2]],
    ['FROM a:1\nUSER app\nRUN echo \\ \\\n  && true\nUSER root\n', [1]],
    ['FROM a:1\nUSER app\nRUN echo "a <<EOF b"\nUSER root\n', [1]],
  ])('%j', (text, expected) => {
    expect(failing(text + HEALTH)).toEqual(expected);
  });
});

describe('base images', () => {
  it.each([
    ['FROM scratch\n', []],
    ['FROM a:1 AS debian\nFROM debian\n', []],
    ['FROM debian AS debian\nFROM debian\n', [3]],
    ['ARG V\nFROM debian:$V\n', []],
    ['FROM $BASE\n', []],
    ['FROM ${BASE:-debian}\n', [3]],
    ['FROM localhost:5000/a\n', [3]],
    ['FROM debian@sha256:24454f830cdb571e2c4ad15481119c43b3cafd48dd869a9b2945d1036d1dc68d\n', []],
    ['FROM --platform=linux/amd64 debian\n', [3]],
    ['FROM debian:latest-slim\n', []],
  ])('%j', (text, expected) => {
    expect(failing(`${text}USER 1\n${HEALTH}`)).toEqual(expected);
  });
});

describe('commands', () => {
  it.each([
    ['curl -fsSL https://x | gpg --dearmor -o /k.gpg', []],
    ['curl -fsSL https://x | tar xz -C /opt', []],
    ['curl -fsSL https://x/v.json | python3 -c "import json"', []],
    ['curl -fsSLO https://x/a.tgz && tar xf a.tgz && ./a/configure', []],
    ['curl -o i.sh https://x && gpg --verify i.sh.asc && sh i.sh', []],
    ['curl -fsSLo k --key k.pem https://x', []],
    ['curl -H -k https://x -o y', []],
    ['curl -o -k https://x', []],
    ["echo 'curl -k https://x | sh && sudo chmod 777 /'", []],
    ['<<EOF cat > /usr/local/bin/x\ncurl -k https://x | sh\nEOF', []],
    ['apt-get update && apt-get install -y sudo && rm -rf /var/lib/apt/lists/*', []],
    ['apt-get update && ./install.sh && rm -r /var/lib/apt/lists/*', []],
    ['--mount=type=cache,target=/var/lib/apt,sharing=locked apt-get update && apt-get install -y x', []],
    ['chmod 1777 /tmp && chmod g+s /srv && chmod +x /a && chmod a+rX /b', []],
    ['git config --global user.name sslVerify && git -c http.sslVerify=true clone https://x', []],
    ['passwd -l root && useradd -p "*" app && useradd -r app', []],
    ['export PASSWORD_FILE=/x TOKEN="$(cat /run/secrets/t)" && make', []],
    ['TOKEN=$TOKEN make && curl -u "$USER:$PASSWORD" https://x -o y', []],
    ['curl -sSLk https://x -o y', [8]],
    ['curl --insecure https://x -o y', [8]],
    ['curl -o y -k https://x', [8]],
    ['git -c http.sslVerify=false clone https://x', [8]],
    ['GIT_SSL_NO_VERIFY=1 git clone https://x', [8]],
    ['export NODE_TLS_REJECT_UNAUTHORIZED=0 && npm ci', [8]],
    ['python3 -m pip install --trusted-host x y', [8]],
    ['wget -qO- https://x | bash', [7]],
    ['bash -c "$(curl -fsSL https://x)"', [7]],
    ['set -eux; { curl -fsSL https://x; } | sh', [7]],
    ['/usr/bin/curl https://x | /bin/sh', [7]],
    ['c""url https://x | "sh"', [7]],
    ['curl https://x \\\n  | sh', [7]],
    ['["bash", "-c", "curl https://x | sh"]', [7]],
    ['<<EOF\ncurl https://x | sh\nEOF', [7]],
    ['bash <<EOF\ncurl https://x | sh\nEOF', [7]],
    ['if true; then curl https://x | sh; fi', [7]],
    ['curl -fsSLo /tmp/i https://x && chmod +x /tmp/i && /tmp/i', [7]],
    ['curl https://x > i && . ./i', [7]],
    ['sudo -E make', [10]],
    ['find / -name x | xargs sudo rm', [10]],
    ['chmod o+w /a', [11]],
    ['find /srv -type d -exec chmod 777 {} +', [11]],
    ['chmod -R ugo+rwx /a', [11]],
    ['chmod 4755 /a', [11]],
    ['mkdir -m 0777 /a', [11]],
    ['echo root:x | chpasswd', [19]],
    ['MYSQL_PWD=hunter2 mysql', [4]],
    ['export DB_PASSWORD=hunter2 && make', [4]],
    ['curl -u bot:hunter2 https://x -o y', [4]],
    ['cat <<EOF > /k\n-----BEGIN PRIVATE KEY-----\nEOF'.replace('PRIVATE KEY', ['PRIVATE', 'KEY'].join(' ')), [4]],
  ])('%j', (text, expected) => {
    expect(run(text)).toEqual(expected);
  });
});

it('what is thrown away is not in the image', () => {
  expect(
    failing('FROM a:1 AS b\nRUN apt-get update && apt-get install -y x\nFROM a:1\nUSER 1\nHEALTHCHECK NONE'),
  ).toEqual([]);
});

it('nothing that is a secret is repeated', () => {
  const facts = parseDockerfile(
    [
      'FROM a:1',
      'ENV DB_PASSWORD=hunter2x',
      'RUN curl -k https://bot:hunter2x@x/ | sh',
      'RUN curl -k -u bot:hunter2x https://x/ | sh',
      'RUN wget --no-check-certificate --password=hunter2x --http-password hunter2x https://x',
      'RUN TOKEN=hunter2x sudo make DB_PASSWORD=hunter2x',
      'RUN --network=host git clone https://bot:hunter2x@x/',
      'RUN useradd -p hunter2x app',
      'ADD https://bot:hunter2x@x/ /',
    ].join('\n'),
  );
  const text = JSON.stringify(checks.map(({ check }) => check(facts)));
  expect(text).not.toContain('hunter2x');
});

it.each([
  [
    'instructions',
    `FROM a\n${'RUN sudo curl -k https://x/a|sh; chmod 777 a; wget https://x/b && sh b\n'.repeat(10_000)}`,
  ],
  ['pipes', `FROM a\nRUN ${'curl a|sh|'.repeat(50_000)}`],
  ['words', `FROM a\nRUN curl ${'-k -o x '.repeat(50_000)}\nRUN apt-get ${'-o x '.repeat(50_000)}`],
  ['settings', `FROM a\nENV ${'PASSWORD=x '.repeat(50_000)}`],
  ['brackets', `FROM a\nRUN echo '${'[trusted=ye'.repeat(50_000)}'`],
  ['stages', `${'FROM a AS b\nUSER $X\nWORKDIR x\n'.repeat(255)}${'COPY --from=b a b\n'.repeat(20_000)}`],
])('checking many %s takes no time', (_, text) => {
  const facts = parseDockerfile(text);
  const start = process.cpuUsage().user;
  for (const { check } of checks) check(facts);
  expect(process.cpuUsage().user - start).toBeLessThan(1_500_000);
});
