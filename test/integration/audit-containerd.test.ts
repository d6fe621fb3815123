// SPDX-License-Identifier: Apache-2.0
// Debian's containerd with two tasks: what really runs, by the bundles that its shims gave their runtime.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Containerd, IMAGE } from '../support/containerd.ts';
import { EngineFixture } from '../support/engine.ts';
import { SecureHost } from '../support/engine-secure.ts';
import { cannotRun } from '../support/secure.ts';

interface ReportJson {
  readonly audited: readonly {
    readonly name: string;
    readonly results: readonly { readonly id: string; readonly status: string; readonly why?: string }[];
  }[];
}

describe.skipIf(cannotRun())('an audit of containerd', () => {
  let fixture: EngineFixture;
  let machine: SecureHost;
  let containerd: Containerd;
  let report: ReportJson;
  const open = (name: string): string[] =>
    (report.audited.find((each) => each.name === name)?.results ?? [])
      .filter(({ status }) => status === 'fail')
      .map(({ id }) => id.slice(-4));

  beforeAll(async () => {
    fixture = new EngineFixture('k8s.io');
    machine = await SecureHost.create();
    containerd = new Containerd(machine);
    await containerd.prepare();
    const { host } = machine;
    const runc = '--runtime io.containerd.runc.v2';
    await host.sh(`ctr -n k8s.io run -d ${runc} --read-only --memory-limit 67108864 --seccomp ${IMAGE} closed`);
    await host.sh(
      `ctr -n k8s.io run -d ${runc} --net-host --mount type=bind,src=/etc,dst=/host,options=rbind:ro ${IMAGE} open`,
    );
    report = JSON.parse((await machine.secure('audit', 'engine', 'containerd', '--json')).stdout) as ReportJson;
  }, 180_000);
  afterAll(async () => {
    await machine.host.sh(
      'for t in closed open; do ctr -n k8s.io task kill -s KILL $t; sleep 1; ctr -n k8s.io task rm $t; done || true',
    );
    await containerd.stop();
    await machine.destroy();
    await fixture.destroy();
  }, 180_000);

  it('finds the engine and both tasks', () => {
    expect(report.audited.map(({ name }) => name).sort()).toEqual([
      'containerd',
      'containerd/k8s.io/closed',
      'containerd/k8s.io/open',
    ]);
    // Its daemon is root's, and pods without a filter of their own get none.
    expect(open('containerd')).toEqual(['0001', '0003']);
  });

  it('judges them by what they run with', () => {
    for (const id of ['0006', '0007', '0009']) expect(open('containerd/k8s.io/closed')).not.toContain(id);
    for (const id of ['0006', '0007', '0009', '0012', '0015']) expect(open('containerd/k8s.io/open')).toContain(id);
    // The kernel was asked: these are processes of this machine.
    const descriptors = report.audited[1]?.results.find(({ id }) => id === 'SEC-CONTAINER-0025');
    expect(descriptors?.status).toBe('pass');
  });
});
