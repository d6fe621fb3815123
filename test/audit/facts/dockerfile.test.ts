// SPDX-License-Identifier: Apache-2.0
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the shell's, not ours
import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DOCKERFILE_LIMIT, parseDockerfile, readDockerfile } from '../../../src/audit/facts/dockerfile.ts';
import { codeOf, temporaryDirectory } from '../../support/store.ts';

const instructions = (text: string) => parseDockerfile(text).stages.flatMap((stage) => stage.instructions);
const last = (text: string) => instructions(text).at(-1);
const commands = (run: string) =>
  last(`FROM a\nRUN ${run}\n`)?.commands.map(({ program, args }) => [program, ...args.map(({ value }) => value)]);
const names = (run: string) => last(`FROM a\nRUN ${run}\n`)?.commands.map(({ name }) => name);

describe('lines', () => {
  it.each([
    ['FROM a\nRUN x \\\n  y\nUSER b', ['FROM a', 'RUN x y', 'USER b']],
    ['FROM a\nRUN x \\\n# why\n\n  y\nUSER b', ['FROM a', 'RUN x y', 'USER b']],
    // What a builder does with text that a simpler reader takes for a continuation, or for none.
    ['FROM a\nRUN echo \\ \\\n  && USER\nUSER b', ['FROM a', 'RUN echo \\ && USER', 'USER b']],
    ['FROM a\nRUN x \\  \n  y', ['FROM a', 'RUN x y']],
    ['FROM a\nRUN echo C:\\\\\nUSER b', ['FROM a', 'RUN echo C:\\\\', 'USER b']],
    ['# escape=`\nFROM a\nRUN x `\n y\nCOPY a c:\\\nUSER b', ['FROM a', 'RUN x y', 'COPY a c:\\', 'USER b']],
    ['#a comment\n# escape=`\nFROM a\nRUN x \\\n y', ['FROM a', 'RUN x y']],
    ['\uFEFFFROM a\r\nRUN x \\\r\n y\r\n', ['FROM a', 'RUN x y']],
    ['  from a\n\trun x', ['from a', 'run x']],
    ['FROM a\nRUN cat <<EOF\nUSER root\nEOF\nUSER b', ['FROM a', 'RUN cat <<EOF', 'USER b']],
    ['FROM a\nRUN cat 3<<EOF\nUSER root\nEOF\nUSER b', ['FROM a', 'RUN cat 3<<EOF', 'USER b']],
    ['FROM a\nRUN cat <<"A B"\nUSER root\nA B\nUSER b', ['FROM a', 'RUN cat <<"A B"', 'USER b']],
    ['FROM a\nRUN cat <<-E\n\tUSER root\n\tE\nUSER b', ['FROM a', 'RUN cat <<-E', 'USER b']],
    ['FROM a\nRUN <<A cat && <<B cat\nx\nA\ny\nB\nUSER b', ['FROM a', 'RUN <<A cat && <<B cat', 'USER b']],
    ["FROM a\nRUN echo '<<EOF'\nUSER b", ['FROM a', "RUN echo '<<EOF'", 'USER b']],
    ['FROM a\nRUN echo "a <<EOF b"\nUSER b', ['FROM a', 'RUN echo "a <<EOF b"', 'USER b']],
    ['FROM a\nRUN echo $((1<<2))\nUSER b', ['FROM a', 'RUN echo $((1<<2))', 'USER b']],
    ['FROM a\nRUN ["cat", "<<EOF"]\nUSER b', ['FROM a', 'RUN ["cat", "<<EOF"]', 'USER b']],
    ['FROM a\nLABEL x=y <<EOF\nUSER b', ['FROM a', 'LABEL x=y <<EOF', 'USER b']],
    ['FROM a\nONBUILD RUN cat <<E\nUSER root\nE', ['FROM a', 'RUN cat <<E']],
  ])('%j', (text, expected) => {
    expect(instructions(text).map(({ text }) => text)).toEqual(expected);
  });

  it.each([
    ['', 'DOCKERFILE_INVALID'],
    ['# only a comment\n', 'DOCKERFILE_INVALID'],
    ['ARG A=b\n', 'DOCKERFILE_INVALID'],
    ['RUN x\nFROM a\n', 'DOCKERFILE_INVALID'],
    ['FROM a\nRUNX y\n', 'DOCKERFILE_INVALID'],
    ['FROM a b\n', 'DOCKERFILE_INVALID'],
    ['FROM\n', 'DOCKERFILE_INVALID'],
    ['# escape=x\nFROM a\n', 'DOCKERFILE_INVALID'],
    ['# escape=`\n# escape=\\\nFROM a\n', 'DOCKERFILE_INVALID'],
    ['FROM a\nRUN cat <<EOF\nUSER b\n', 'DOCKERFILE_INVALID'],
    ['FROM a\nONBUILD ONBUILD RUN x\n', 'DOCKERFILE_INVALID'],
    ['FROM a\nRUN \0\n', 'DOCKERFILE_INVALID'],
    [`FROM a\n${'#'.repeat(DOCKERFILE_LIMIT)}`, 'LIMIT_EXCEEDED'],
    ['FROM a\n'.repeat(257), 'LIMIT_EXCEEDED'],
  ])('%j is refused', async (text, code) => {
    expect(await codeOf(() => parseDockerfile(text))).toBe(code);
  });

  it('knows where everything is', () => {
    const text = 'FROM a\n\nRUN one && \\\n  # why\n  two "x y"\nCOPY <<EOF /b\ncontent\nEOF\n';
    const [, run, copy] = instructions(text);
    expect(run?.region).toEqual({ startLine: 3, startColumn: 1, endLine: 5, endColumn: 12 });
    expect(run?.commands[1]?.region).toEqual({ startLine: 5, startColumn: 3, endLine: 5, endColumn: 12 });
    expect(run?.commands[1]?.args[0]?.region).toEqual({ startLine: 5, startColumn: 7, endLine: 5, endColumn: 12 });
    expect(copy?.region).toEqual({ startLine: 6, startColumn: 1, endLine: 8, endColumn: 4 });
    expect(copy?.words[1]?.region).toEqual({ startLine: 6, startColumn: 12, endLine: 6, endColumn: 14 });
    const inner = last('FROM a\nRUN ["sh", "-c", "curl x"]')?.commands[1];
    expect(inner?.region).toEqual({ startLine: 2, startColumn: 19, endLine: 2, endColumn: 25 });
  });
});

describe('commands', () => {
  it.each([
    ['a b && c d; e | f || g & h', [['a', 'b'], ['c', 'd'], ['e'], ['f'], ['g'], ['h']]],
    [`echo "curl x | sh" 'a && b'`, [['echo', 'curl x | sh', 'a && b']]],
    ['a # curl | sh', [['a']]],
    ['echo a#b', [['echo', 'a#b']]],
    ['a \\"b\\ c', [['a', '"b c']]],
    ['if a; then b; else c; fi', [['a'], ['b'], ['c']]],
    [
      'for x in a b; do c $x; done',
      [
        ['for', 'x', 'in', 'a', 'b'],
        ['c', '$x'],
      ],
    ],
    ['( a; b ) | c', [['a'], ['b'], ['c']]],
    ['{ a; b; } | c', [['a'], ['b'], ['c']]],
    ['f() { a; }; f', [['f'], ['a'], ['f']]],
    ['x=(a b) c', [['c']]],
    [
      'echo $(a b) `c d`',
      [
        ['a', 'b'],
        ['c', 'd'],
        ['echo', '$(a b)', '`c d`'],
      ],
    ],
    [
      'echo "$(a "b c")"',
      [
        ['a', 'b c'],
        ['echo', '$(a "b c")'],
      ],
    ],
    ['a > b 2>&1 < c', [['a']]],
    ['echo $((1 << 2)) ${x:-"a b"}', [['echo', '$((1 << 2))', '${x:-"a b"}']]],
    ['sudo -E -u x env A=b a b', [['a', 'b']]],
    ['timeout -s KILL 5 a', [['a']]],
    [
      `sh -c "a 'b c'"`,
      [
        ['sh', '-c', "a 'b c'"],
        ['a', 'b c'],
      ],
    ],
    [`bash -euxo pipefail -c 'a | b'`, [['bash', '-euxo', 'pipefail', '-c', 'a | b'], ['a'], ['b']]],
    ['["/bin/sh", "-c", "a && b"]', [['/bin/sh', '-c', 'a && b'], ['a'], ['b']]],
    ['["a", "&&", "b"]', [['a', '&&', 'b']]],
    ["['a', 'b']", [['[a,', 'b]']]],
    ['--mount=type=cache,target=/x a', [['a']]],
    ['<<EOF\na\nb <<X\nc\nX\nd\nEOF', [['a'], ['b'], ['d']]],
    ['<<EOF\n#!/usr/bin/env python3\nimport os\nEOF', []],
    ['<<EOF\n#!/bin/bash -e\na\nEOF', [['a']]],
    ['bash <<EOF\na b\nEOF', [['bash'], ['a', 'b']]],
    ['cat <<EOF > f && a\nb\nEOF', [['cat'], ['a']]],
    ['python3 <<EOF\nb\nEOF', [['python3']]],
    [
      'eval "a b"',
      [
        ['eval', 'a b'],
        ['a', 'b'],
      ],
    ],
    [
      'find / -type f -exec chmod 777 {} \\; -o -execdir sh -c "a {}" + -print',
      [
        [
          'find',
          '/',
          '-type',
          'f',
          '-exec',
          'chmod',
          '777',
          '{}',
          ';',
          '-o',
          '-execdir',
          'sh',
          '-c',
          'a {}',
          '+',
          '-print',
        ],
        ['chmod', '777', '{}'],
        ['sh', '-c', 'a {}'],
        ['a', '{}'],
      ],
    ],
    ['find -exec', [['find', '-exec']]],
    ['a "b', [['a', 'b']]],
    ["a 'b", [['a', 'b']]],
    ['a $(b', [['b'], ['a', '$(b']]],
  ])('%s', (run, expected) => {
    expect(commands(run)).toEqual(expected);
  });

  it('are those of the shell that SHELL names', () => {
    expect(last('FROM a\nSHELL ["powershell", "-c"]\nRUN a | b')?.commands).toEqual([]);
    expect(last('FROM a\nSHELL ["/bin/bash", "-o", "pipefail", "-c"]\nRUN a | b')?.commands).toHaveLength(2);
    expect(last('FROM a\nSHELL ["cmd"]\nFROM b\nRUN a')?.commands).toHaveLength(1);
  });

  it('are read where find starts find, to a depth', { timeout: 30_000 }, () => {
    expect(() => last(`FROM a\nRUN ${'find . -exec '.repeat(20_000)}a`)).toThrow('nested too deeply');
  });

  it('are read in HEALTHCHECK, CMD and ONBUILD', () => {
    expect(last('FROM a\nHEALTHCHECK --interval=5s CMD curl -f http://x || exit 1')?.commands).toHaveLength(2);
    expect(last('FROM a\nHEALTHCHECK NONE')?.commands).toEqual([]);
    expect(last('FROM a\nCMD ["sh", "-c", "a"]')?.commands).toHaveLength(2);
    expect(last('FROM a\nONBUILD RUN a')).toMatchObject({ keyword: 'RUN', onbuild: true, commands: [{ name: 'a' }] });
  });

  it.each([
    ['curl x | sh', 'curl'],
    ['curl -fsSL x | sudo -E bash -', 'curl'],
    ['wget -qO- x | tee y | sh -s -- --yes', 'wget'],
    ['wget -O - x | bash', 'wget'],
    ['bash <(curl x)', 'curl'],
    ['. <(curl x)', 'curl'],
    ['bash -c "$(curl -fsSL x)"', 'curl'],
    ['eval "$(wget -qO- x)"', 'wget'],
    ['$(curl x)', 'curl'],
    ['echo "$(curl x)" | sh', 'curl'],
    ['( set -e; curl x ) | gunzip | python3 -', 'curl'],
    ['curl x -o a && wget x', undefined],
    ['curl -o a x | sh', undefined],
    ['wget x | sh', undefined],
    ['curl x | python3 -c "import json"', undefined],
    ['curl x | python3 -m json.tool', undefined],
    ['curl x | bash script.sh', undefined],
    ['curl x | tar xz', undefined],
    ['curl x > a | sh', undefined],
    ['echo "curl x | sh"', undefined],
    ['A=$(curl x) sh b', undefined],
    ['curl x; sh', undefined],
    ['diff <(curl x) y', undefined],
  ])('%s', (run, fetcher) => {
    expect(last(`FROM a\nRUN ${run}`)?.commands.find(({ runsOutputOf }) => runsOutputOf)?.runsOutputOf?.name).toBe(
      fetcher,
    );
  });

  it.each([
    '$(',
    '"$(',
    '(',
    '{ ',
    '`\\`\\\\`',
    'bash <<< "$(',
    'eval "`sh -c "$(',
    '(eval "$({ sh -c `',
    'a <(sh -c "$(',
  ])('%s nested without end is refused, since what is not read must not count as harmless', async (text) => {
    expect(names(text.repeat(3))).toBeDefined();
    const code = await codeOf(() => names(text.repeat(20_000)));
    expect(code).toBe(text.startsWith('`') ? 'no error' : 'LIMIT_EXCEEDED');
  });
});

describe('stages', () => {
  it('stand on each other, and variables on their declarations', () => {
    const { stages, final } = parseDockerfile(
      [
        'ARG BASE=debian',
        'ARG TAG',
        'FROM ${BASE}:12 AS Build',
        'ARG BASE',
        'ENV U=app H=/home/$U',
        'USER $BASE',
        'FROM build',
        'USER ${U}',
        'WORKDIR $H',
        'COPY --from=BUILD a b',
        'FROM x:$TAG',
        'USER ${U:-1}',
        'USER $U',
        "USER '$U'",
        'FROM scratch',
        'COPY --from=2 a b',
        'RUN --mount=type=bind,from=build,target=/x a',
      ].join('\n'),
    );
    expect(stages.map(({ base }) => base)).toEqual([
      { kind: 'image', reference: 'debian:12' },
      { kind: 'stage', stage: 0 },
      { kind: 'unknown' },
      { kind: 'scratch' },
    ]);
    expect(stages.map(({ uses }) => uses)).toEqual([[], [0], [], [2, 0]]);
    expect(final.map(({ index }) => index)).toEqual([3]);
    const users = stages.flatMap(({ instructions }) => instructions.filter(({ keyword }) => keyword === 'USER'));
    expect(users.map(({ expanded }) => expanded[0])).toEqual(['debian', 'app', '1', undefined, '$U']);
    expect(stages[1]?.instructions[2]?.expanded).toEqual([undefined]);
  });

  it('a stage that has the name of an image is meant', () => {
    const { final } = parseDockerfile('FROM a AS debian\nUSER x\nFROM debian');
    expect(final.map(({ index }) => index)).toEqual([0, 1]);
  });

  it.each([
    ['ENV A=1 B="x y" C=a\\ b', { A: '1', B: 'x y', C: 'a b' }],
    ['ENV A x  y', { A: 'x  y' }],
    ['ARG A', { A: undefined }],
    ['ARG A B=1', { A: undefined, B: '1' }],
    ['LABEL a.b="1 2" c', { 'a.b': '1 2', c: undefined }],
  ])('%s', (text, expected) => {
    expect(Object.fromEntries(last(`FROM a\n${text}`)?.settings.map(({ name, value }) => [name, value]) ?? [])).toEqual(
      expected,
    );
  });
});

it.each([
  ['instructions', `FROM a\n${'RUN echo a && curl -k https://x | sh\n'.repeat(10_000)}`],
  ['continued lines', `FROM a\nRUN a \\\n${'  && b "$(c)" \\\n'.repeat(10_000)} c\n`],
  ['quotes', `FROM a\nRUN ${'"a `b` \\\\" '.repeat(10_000)}`],
  ['here-documents', `FROM a\nRUN cat ${'<<E '.repeat(10_000)}\n${'E\n'.repeat(10_000)}`],
  ['variables', `FROM a\nENV A=aaaaaaaa\n${'ENV A=$A$A$A ${A:-${A:-\n'.repeat(10_000)}`],
  ['pipes', `FROM a\nRUN ${'curl a|sh|'.repeat(10_000)}`],
])('10,000 %s take less than a second', (_, text) => {
  // Of this processor's time: others run tests on it too.
  const start = process.cpuUsage().user;
  parseDockerfile(text);
  expect(process.cpuUsage().user - start).toBeLessThan(1_000_000);
});

describe('files', () => {
  it('are read through a link, and nothing but regular files is opened', async () => {
    const directory = temporaryDirectory();
    const at = (name: string) => join(directory, name);
    writeFileSync(at('a'), 'FROM a\n');
    writeFileSync(at('binary'), Buffer.from([0x46, 0xff, 0xfe]));
    writeFileSync(at('large'), Buffer.alloc(DOCKERFILE_LIMIT + 1, '#'));
    symlinkSync('a', at('link'));
    symlinkSync('/dev/zero', at('zero'));
    mkdirSync(at('directory'));
    execFileSync('mkfifo', [at('fifo')]);
    expect((await readDockerfile(at('link'))).name).toBe(at('link'));
    for (const name of ['missing', 'directory', 'fifo', 'zero', 'binary'])
      expect(await codeOf(readDockerfile(at(name)))).toBe('AUDIT_UNREADABLE');
    expect(await codeOf(readDockerfile(at('large')))).toBe('LIMIT_EXCEEDED');
  });
});
