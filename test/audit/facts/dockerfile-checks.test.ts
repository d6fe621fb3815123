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
function allFailing(text: string): number[] {
  const facts = parseDockerfile(text);
  return checks
    .filter(({ check }) => check(facts).status === 'fail')
    .map(({ id }) => Number(id.slice(-4)))
    .sort((a, b) => a - b);
}
/** Digests and numbers of users are asked of nearly every file here, and looked at by themselves. */
const failing = (text: string): number[] => allFailing(text).filter((id) => id !== 22 && id !== 24);
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

it('a lone update is one in sh -c, too, and not beside a script', () => {
  expect(failing(`FROM a:1\nRUN ["sh", "-c", "apt-get update"]\n${HEALTH}USER 1\n`)).toEqual([12, 15]);
  expect(failing(`FROM a:1\nRUN apt-get update && sh install.sh\n${HEALTH}USER 1\n`)).toEqual([15]);
});

describe('digests, ports, numbers of users and directories of the system', () => {
  const DIGEST = `sha256:${'ab'.repeat(32)}`;
  it.each([
    [`FROM a:1@${DIGEST}\nUSER 1:1\n`, []],
    [`FROM a@${DIGEST}\nUSER 1:1\n`, []],
    ['FROM a:1@sha256:abab\nUSER 1:1\n', [22]],
    [`ARG D=@${DIGEST}\nFROM a:1$D\nUSER 1:1\n`, []],
    ['ARG BASE\nFROM $BASE\nUSER 1:1\n', []],
    // A name that a later stage has is an image, and what a number means that no stage has, too.
    ['FROM scratch\nCOPY --from=later /x /\nUSER 1:1\nFROM scratch AS later\nUSER 1:1\n', [3, 22]],
    ['FROM scratch\nCOPY --from=7 /x /\nUSER 1:1\n', [3, 22]],
    ['FROM scratch\nRUN --mount=from=a:latest,target=/t true\nUSER 1:1\n', [3, 22]],
    ['FROM scratch\nRUN --mount=type=cache,target=/from=a true\nUSER 1:1\n', []],
    ['FROM scratch\nRUN --mount=type=cache,id=x,from=,target=/t true\nUSER 1:1\n', []],
    ['FROM scratch\nARG V=latest\nCOPY --from=a:$V /x /\nUSER 1:1\n', []],
    ['FROM scratch\nUSER app:1\n', [24]],
    ['FROM scratch\nUSER 1app\n', [24]],
    ['FROM scratch\nUSER -1\n', [24]],
    ['FROM scratch\nUSER app\nUSER 7\n', []],
    ['FROM scratch\nEXPOSE 1023 1024 70000 x\nUSER 1\n', [23]],
    ['FROM scratch\nEXPOSE 0-65535\nUSER 1\n', [14, 23]],
    ['FROM scratch AS a\nEXPOSE 80\nUSER 1\nFROM scratch\nUSER 1\n', []],
    ['FROM scratch\nONBUILD EXPOSE 80\nUSER 1\n', []],
    ['FROM scratch\nVOLUME /var/lib /etc/.. /dev/shm\nUSER 1\n', [25]],
    ['FROM scratch\nVOLUME etc //srv/\nUSER 1\n', []],
    ['FROM scratch\nWORKDIR /etc\nWORKDIR /\nUSER 1\n', []],
    ['FROM scratch AS a\nFROM scratch\nCOPY --from=a / /etc/\nUSER 1\n', []],
    ['FROM scratch\nCOPY / /\nUSER 1\n', []],
  ])('%j', (text, expected) => {
    expect(allFailing(text + HEALTH)).toEqual(expected);
  });

  it('are unknown where a variable decides: never passed', () => {
    const statusOf = (id: number, text: string) =>
      checks.find((check) => check.id.endsWith(String(id)))?.check(parseDockerfile(text)).status;
    expect(statusOf(22, 'ARG BASE\nFROM $BASE\n')).toBe('unknown');
    expect(statusOf(22, 'FROM scratch\nARG V\nCOPY --from=a:$V /x /\n')).toBe('unknown');
    expect(statusOf(24, 'FROM scratch\nARG U\nUSER $U\n')).toBe('unknown');
    expect(statusOf(24, 'FROM scratch\n')).toBe('not-applicable');
  });
});
