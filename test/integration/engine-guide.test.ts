// SPDX-License-Identifier: Apache-2.0
// docs/guide/engines.md does what it says, on a machine with Debian's engines in their usual places.
import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { CLI } from '../support/cli.ts';
import { Containerd, IMAGE } from '../support/containerd.ts';
import { EngineFixture } from '../support/engine.ts';
import { HARDENED, SecureHost, statusOf } from '../support/engine-secure.ts';
import { blocksOf, patternOf, stepsOf } from '../support/guide.ts';
import { cannotRun, until } from '../support/secure.ts';

/** There is no systemd on that machine: what the units do. */
const SYSTEMCTL = `#!/bin/sh -e
start() { setsid "$1" >>/run/log 2>&1 & }
up() { for i in $(seq 120); do "$@" >/dev/null 2>&1 && return; sleep 0.25; done; exit 1; }
down() { pkill -x "$1" || true; while pgrep -x "$1" >/dev/null; do sleep 0.1; done; }
case "$1 $2" in
  'reload docker') kill -HUP "$(cat /run/docker.pid)"; sleep 1 ;;
  'start docker') start dockerd; up docker info ;;
  'restart docker') down dockerd; start dockerd; up docker info ;;
  'restart containerd') down containerd; start containerd; up ctr version ;;
  'stop docker') down dockerd ;;
  'stop containerd') down containerd ;;
  *) exit 2 ;;
esac
`;
const CONTAINERS = `[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1000:1000"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
`;

describe.skipIf(cannotRun())('docs/guide/engines.md', () => {
  let fixtures: EngineFixture[];
  let machine: SecureHost;
  let containerd: Containerd;

  beforeAll(async () => {
    fixtures = (['docker', 'libpod', 'k8s.io'] as const).map((groups) => new EngineFixture(groups));
    machine = await SecureHost.create();
    const { host, directory } = machine;
    const [first] = fixtures;
    if (first === undefined) return;
    const archive = SecureHost.archive(first);
    const program = `#!/bin/sh
export SECURE_STATE_ROOT=${directory}/state SECURE_RUN_ROOT=${directory}/run
exec ${process.execPath} -- ${CLI} "$@"
`;
    await host.sh('rm -f /etc/secure/engines.yaml; mkdir -p /etc/docker /etc/containers /run/guide');
    await host.sh('cat > /usr/local/bin/secure; chmod 755 /usr/local/bin/secure', program);
    await host.sh('cat > /usr/local/bin/systemctl; chmod 755 /usr/local/bin/systemctl', SYSTEMCTL);
    await host.sh('cat > /etc/docker/daemon.json', '{\n  "iptables": false\n}\n');
    await host.sh('cat > /etc/containers/containers.conf', CONTAINERS);
    containerd = new Containerd(machine);
    await containerd.prepare();
    await host.sh('systemctl start docker');
    await host.sh(`docker import ${archive} busybox; docker tag busybox ${IMAGE}; podman import -q ${archive} busybox`);
  }, 120_000);
  afterAll(async () => {
    await machine.host.sh('systemctl stop docker; systemctl stop containerd');
    await machine.destroy();
    for (const fixture of fixtures) expect(await fixture.destroy()).toEqual([]);
  });

  it.each(blocksOf('engines').map((block) => [block.line, block] as const))(
    'line %i',
    { timeout: 120_000 },
    async (_, { language, text, ...block }) => {
      if (language === 'console') {
        for (const { command, output } of stepsOf({ language, text, ...block })) {
          const result = await machine.host.run('sh', ['-c', `cd /run/guide; ${command}`]);
          expect(result.stdout, `${command}\n${result.stderr}`).toMatch(patternOf(output));
        }
        return;
      }
      expect(language).toBe('yaml');
      const [, name] = /^# (\S+)\n/.exec(text) ?? [];
      const document = parse(text) as { kind: string; handler?: string };
      writeFileSync(machine.host.path(`/run/guide/${name}`), text);
      if (document.kind === 'Policy') {
        expect(await machine.secure('policy', 'validate', `/run/guide/${name}`)).toMatchObject({ code: 0 });
        return;
      }
      // As a kubelet does with a pod of this class.
      expect(document).toMatchObject({
        apiVersion: 'node.k8s.io/v1',
        kind: 'RuntimeClass',
        metadata: { name: 'secure' },
      });
      const pod = { name: 'guide', handler: document.handler ?? '' };
      await until('containerd answers', () => containerd.cri.ready(), 30);
      const sandbox = await containerd.cri.runPod(pod);
      const id = await containerd.cri.runContainer(pod, sandbox, { image: IMAGE, command: ['/bin/sleep', '1000'] });
      expect(statusOf(await containerd.cri.exec(id, 'cat', '/proc/1/status'))).toMatchObject({
        CapEff: HARDENED.CapEff,
        NoNewPrivs: '1',
      });
      await containerd.cri.removePod(sandbox);
    },
  );
});
