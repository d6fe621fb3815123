// SPDX-License-Identifier: Apache-2.0
// containerd with its usual configuration on a machine of its own, for pods without a registry.
import type { ChildProcess } from 'node:child_process';
import { openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Cri } from './cri.ts';
import type { SecureHost } from './engine-secure.ts';
import { busyboxLayout, directoryEntries } from './oci.ts';
import { until } from './secure.ts';
import { tar } from './tar.ts';

export const IMAGE = 'localhost/busybox:latest';
/** As Debian ships it, and with the image that keeps the namespaces of a pod. */
export const CONFIG = `version = 2

[plugins]
  [plugins."io.containerd.grpc.v1.cri"]
    # without a registry
    sandbox_image = "${IMAGE}"
    # lower than it is here, scores cannot be set without CAP_SYS_RESOURCE
    restrict_oom_score_adj = true
    [plugins."io.containerd.grpc.v1.cri".cni]
      bin_dir = "/usr/lib/cni"
      conf_dir = "/etc/cni/net.d"
  [plugins."io.containerd.internal.v1.opt"]
    path = "/var/lib/containerd/opt"
`;
const NETWORK = JSON.stringify({
  cniVersion: '0.4.0',
  name: 'pods',
  plugins: [{ type: 'ptp', ipam: { type: 'host-local', subnet: '10.213.0.0/24' } }],
});

export class Containerd {
  readonly cri: Cri;
  readonly #machine: SecureHost;
  #daemon: ChildProcess | undefined;

  constructor(machine: SecureHost) {
    this.#machine = machine;
    this.cri = new Cri(machine.host.path('/run/containerd/containerd.sock'));
  }

  /** Its files are written, it runs, and the image is there, which sleeps. */
  async prepare(): Promise<void> {
    const { host, directory } = this.#machine;
    const layout = busyboxLayout(join(directory, 'layout'), ['/bin/sleep', '100000']);
    const archive = join(directory, 'image.tar');
    writeFileSync(archive, tar(directoryEntries(layout.directory)));
    await host.sh('mkdir -p /etc/containerd /etc/cni/net.d');
    await host.sh('cat > /etc/containerd/config.toml', CONFIG);
    await host.sh('cat > /etc/cni/net.d/10-pods.conflist', NETWORK);
    await this.start();
    await host.sh(`ctr -n k8s.io images import --index-name ${IMAGE} ${archive}`);
  }

  async start(): Promise<void> {
    const log = openSync(join(this.#machine.directory, 'log'), 'a');
    this.#daemon = this.#machine.host.spawn('containerd', [], { stdio: ['ignore', log, log] });
    await until('containerd answers', () => this.cri.ready(), 30);
  }

  /** Its containers go on. */
  async stop(): Promise<void> {
    const daemon = this.#daemon;
    if (daemon === undefined) return;
    const ended = new Promise((resolve) => daemon.once('close', resolve));
    await this.#machine.host.sh('pkill -x containerd');
    await ended;
  }
}
