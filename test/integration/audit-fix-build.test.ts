// SPDX-License-Identifier: Apache-2.0
// A Dockerfile that was repaired builds what it built before.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Builds } from '../support/build.ts';
import { cannotRun, Secure } from '../support/secure.ts';

const DOCKERFILE = `FROM busybox AS first
USER root
# What root does needs no other program for it.
RUN printf '#!/bin/sh\\nexec "$@"\\n' > /bin/sudo \\
  && chmod 755 /bin/sudo
RUN sudo echo one > /one && \\
    sudo cp /one /two
ADD settings.json /etc/app/
WORKDIR work
ONBUILD ADD later.conf /
FROM first
ADD --chmod=640 settings.json second.conf ./
USER 1000
`;
const FILES = { 'settings.json': '{"a": 1}\n', 'second.conf': 'b\n', 'later.conf': 'c\n' };

describe.skipIf(cannotRun())('a Dockerfile that was repaired', () => {
  let secure: Secure;
  let builds: Builds;
  beforeAll(async () => {
    secure = await Secure.create();
    builds = new Builds(secure);
  });
  afterAll(() => secure.destroy());

  /** Every file, with its permissions, its size and a checksum. */
  const content = (): Promise<string> =>
    builds.show(
      'sh',
      '-c',
      'find /one /two /etc/app /work /later.conf -exec stat -c "%n %a %u %g" {} \\; -type f -exec md5sum {} \\;; pwd',
    );

  it('builds what it built before', { timeout: 120_000 }, async () => {
    await builds.built(DOCKERFILE, FILES);
    const before = await content();
    expect(before).toContain('/work/settings.json 640 0 0');
    const context = builds.context(DOCKERFILE, FILES);
    const { stdout } = await secure.call(
      ['audit', 'dockerfile', 'Dockerfile', '--fix-all', '--dry-run', '--fail-on', 'none'],
      { cwd: context },
    );
    execFileSync('patch', ['-p1', '-s'], { cwd: context, input: stdout });
    const made = readFileSync(join(context, 'Dockerfile'), 'utf8');
    expect(made).not.toMatch(/ADD|RUN sudo|WORKDIR work/);
    const result = await builds.build(context);
    expect(result, result.stderr).toMatchObject({ code: 0 });
    expect(await content()).toBe(before);
  });
});
