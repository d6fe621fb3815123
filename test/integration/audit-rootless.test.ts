// SPDX-License-Identifier: Apache-2.0
// Debian's dockerd and podman of a user without root: found by root and by the user, called after him, and judged as what they are.
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ALICE, cannotRunEngines, RootlessEngines } from '../support/rootless-engines.ts';
import type { Result } from '../support/secure.ts';

interface ReportJson {
  readonly audited: readonly {
    readonly target: string;
    readonly name: string;
    readonly results: readonly { readonly id: string; readonly status: string; readonly why?: string }[];
  }[];
}
const report = ({ code, stdout, stderr }: Result): ReportJson['audited'] => {
  expect([0, 1], stderr).toContain(code);
  return (JSON.parse(stdout) as ReportJson).audited;
};
const names = (audited: ReportJson['audited']): string[] => audited.map(({ name }) => name).sort();
const statuses = (audited: ReportJson['audited'], name: string): Record<string, string> =>
  Object.fromEntries(
    (audited.find((each) => each.name === name)?.results ?? []).map(({ id, status }) => [id.slice(4), status]),
  );

describe.skipIf(cannotRunEngines())('engines without root', () => {
  let engines: RootlessEngines;
  beforeAll(async () => {
    engines = await RootlessEngines.start();
    const image = engines.tar(engines.busybox(), 'busybox');
    await engines.docker();
    const docker = (...words: string[]) => engines.must('docker', ...words);
    // As in its guide: the user says where his engine is, or his client has it in its context.
    const host = ['-H', `unix:///run/user/${ALICE}/docker.sock`];
    await docker(...host, 'import', '-c', 'CMD ["sleep", "1000"]', image, 'box:1');
    await docker(...host, 'create', '--name', 'made', '--network', 'none', 'box:1');
    const shares = ['--name', 'shares', '--network', 'none', '--userns', 'host', '--memory', '64m'];
    await docker(...host, 'create', ...shares, 'box:1');
    await engines.must('podman', 'import', '-c', 'CMD ["sleep", "1000"]', image, 'localhost/box:1');
    await engines.must('podman', 'create', '--name', 'made', '--network', 'none', 'localhost/box:1');
    await engines.must('podman', 'create', ...shares, 'localhost/box:1');
    await engines.podman();
  }, 180_000);
  afterAll(async () => {
    expect(await engines?.stop()).toEqual([]);
  }, 60_000);

  const THEIRS = [
    ...['docker~alice', 'docker~alice/box:1', 'docker~alice/made', 'docker~alice/shares'],
    ...['podman~alice', 'podman~alice/localhost/box:1', 'podman~alice/made', 'podman~alice/shares'],
  ];

  it.each(['root', 'the user'])('are found by %s', async (who) => {
    const words = ['audit', 'engine', '--json', '--fail-on', 'none'];
    const audited = report(await (who === 'root' ? engines.machine.secure(...words) : engines.secure(...words)));
    expect(names(audited)).toEqual(THEIRS);
    for (const engine of ['docker~alice', 'podman~alice']) {
      const said = statuses(audited, engine);
      expect([engine, said['ENGINE-0001'], said['ENGINE-0002'], said['ENGINE-0020']]).toEqual([
        ...[engine, 'pass', 'pass', 'pass'],
      ]);
      // What Debian has corrected its version does not say, and podman not where its logs go.
      const unknown = Object.keys(said).filter((id) => said[id] === 'unknown');
      expect(unknown).toEqual([engine === 'docker~alice' ? 'ENGINE-0006' : 'ENGINE-0019']);
    }
    // Files of their images are what the engines pack, since nobody takes their word for where they lie.
    for (const image of ['docker~alice/box:1', 'podman~alice/localhost/box:1']) {
      const said = statuses(audited, image);
      const files = ['0006', '0007', '0008', '0014'].map((id) => said[`IMAGE-${id}`]);
      const known = who === 'root' ? 'pass' : 'unknown';
      expect([image, files]).toEqual([image, [known, known, known, known]]);
    }
    // Root of their containers is the user, also of those that share the ids of their engine.
    for (const container of ['docker~alice/made', 'docker~alice/shares', 'podman~alice/made', 'podman~alice/shares'])
      expect([container, statuses(audited, container)['CONTAINER-0004']]).toEqual([container, 'pass']);
    // What he limits is not in force here, and the engines say so.
    for (const container of ['docker~alice/shares', 'podman~alice/shares'])
      expect([container, statuses(audited, container)['CONTAINER-0009']]).toEqual([container, 'fail']);
  });

  it('one that is asked by its socket is called after its owner, too', async () => {
    const socket = `/run/user/${ALICE}/podman/podman.sock`;
    const words = ['audit', 'engine', 'podman', '--socket', socket, '--only', '--json', '--fail-on', 'none'];
    expect(names(report(await engines.machine.secure(...words)))).toEqual(['podman~alice']);
  });

  it('what was saved is judged elsewhere in the same way', async () => {
    const file = join(engines.machine.directory, 'facts');
    const words = ['audit', 'engine', '--json', '--fail-on', 'none'];
    const here = report(await engines.machine.secure(...words, '--save-facts', file));
    expect(report(await engines.machine.secure(...words, '--facts', file))).toEqual(here);
  });

  it('what they rest on is asked of the host', async () => {
    const audited = report(await engines.machine.secure('audit', 'host', '--json', '--fail-on', 'none'));
    const said = statuses(audited, audited[0]?.name ?? '');
    const asked = ['0030', '0096', '0097', '0098', '0099', '0100', '0101', '0103'];
    // Nobody has given him control groups, by a manager of systemd's that does not run here.
    expect(['fail', 'unknown']).toContain(said['HOST-0102']);
    expect(asked.map((id) => [id, said[`HOST-${id}`]])).toEqual([
      // Nobody has switched off that containers reach each other.
      ['0030', 'fail'],
      // What dockerd, podman and rootlesskit give their files, sockets and directories.
      ['0096', 'pass'],
      ['0097', 'pass'],
      ['0098', 'pass'],
      ['0099', 'pass'],
      // By the command line of the rootlesskit that runs: the script has it close the loopback device, and chooses the port driver builtin.
      ['0100', 'pass'],
      ['0101', 'fail'],
      // He does not linger.
      ['0103', 'fail'],
    ]);
  });

  it('something that says that it is the engine of the machine passes nothing', async () => {
    const place = join(engines.home, '.docker/run');
    await engines.must('mkdir', '-p', place);
    await engines.machine.host.sh('mv /run/user/21057/docker.sock /run/user/21057/away');
    const server = createServer((request, response) =>
      response.end(
        JSON.stringify(
          request.url === '/info'
            ? { ServerVersion: '29.0.0', SecurityOptions: ['name=seccomp,profile=builtin', 'name=userns'] }
            : [],
        ),
      ),
    );
    const socket = join(place, 'docker.sock');
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    try {
      await engines.machine.host.sh(`chown alice:alice ${socket}`);
      const words = ['audit', 'engine', 'docker', '--json', '--fail-on', 'none'];
      const audited = report(await engines.machine.secure(...words));
      expect(names(audited)).toEqual(['docker~alice']);
      const { 'ENGINE-0020': word, ...others } = statuses(audited, 'docker~alice');
      expect(word).toBe('fail');
      expect([...new Set(Object.values(others))]).toEqual(['unknown']);
    } finally {
      server.closeAllConnections();
      server.close();
      await engines.machine.host.sh('mv /run/user/21057/away /run/user/21057/docker.sock');
    }
  });
});
