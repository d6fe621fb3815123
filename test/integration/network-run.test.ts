// SPDX-License-Identifier: Apache-2.0
// Networks as the command line gives them, on the real kernel, in a network namespace of the test's own.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { NetNs } from '../support/netns.ts';
import { ociLayout } from '../support/oci.ts';
import { cannotRun, errorCode, Secure, until } from '../support/secure.ts';

const HTTPD = 'echo "hello from $HOSTNAME" > /tmp/index.html; exec httpd -f -p 80 -h /tmp';

describe.skipIf(cannotRun())('a network', { timeout: 60_000 }, () => {
  let netns: NetNs;
  let secure: Secure;
  beforeAll(async () => {
    netns = await NetNs.create();
    secure = await Secure.create({ netns });
  }, 60_000);
  afterEach(async () => {
    const ids = await secure.containers();
    if (ids.length > 0) await secure.run('rm', '-f', ...ids);
    // The last container takes everything of the network with it.
    expect(await netns.devices()).toEqual(['lo']);
  });
  afterAll(async () => {
    await secure.destroy();
    await netns.destroy();
  });

  const get = async (url: string): Promise<string> => (await netns.run('curl', ['-gsm', '2', url])).stdout;
  const answers = (url: string) => until(url, async () => (await get(url)) !== '');
  const inside = async (script: string, ...flags: string[]): Promise<string> => {
    const { code, stdout, stderr } = await secure.run('run', '--rm', ...flags, 'busybox', 'sh', '-c', script);
    expect([code, stderr]).toEqual([0, '']);
    return stdout;
  };

  it('has its own name, files of root, and nothing that can be changed', async () => {
    const text = await inside(
      'cat /etc/hosts; hostname; cat /etc/hostname; stat -c %u:%g:%a /etc/hosts /etc/resolv.conf; hostname -i',
    );
    const lines = text.split('\n');
    const id = lines.at(-6);
    expect(lines.filter((line) => line.endsWith(`\t${id}`))).toHaveLength(2);
    expect(text).toMatch(/\n10\.203\.\d+\.\d+\t[0-9a-f]{12}\n/);
    expect(lines.slice(-5, -2)).toEqual([id, '0:0:644', '0:0:644']);
    expect(lines.at(-2)).toMatch(/^10\.203\./);
    const denied = await secure.run('run', '--rm', 'busybox', 'sh', '-c', 'echo x >> /etc/hosts');
    expect(denied).toMatchObject({ code: 1, stderr: expect.stringContaining('Read-only') });
  });

  it('covers a resolv.conf that leads nowhere', async () => {
    const layout = ociLayout(join(secure.root, 'dangling'), {
      layers: [
        {
          files: [
            { path: 'bin/', type: '5', mode: 0o755 },
            { path: 'bin/busybox', data: readFileSync('/bin/busybox'), mode: 0o755 },
            { path: 'etc/', type: '5', mode: 0o755 },
            { path: 'etc/resolv.conf', type: '2', link: '../run/systemd/resolve/stub-resolv.conf' },
            { path: 'etc/hosts', type: '2', link: '/etc/hosts' },
          ],
        },
      ],
    });
    expect((await secure.run('image', 'import', layout.directory, '--name', 'dangling')).code).toBe(0);
    const flags = ['--dns', '192.0.2.53', '--add-host', 'db:192.0.2.1'];
    const { stdout, stderr } = await secure.run(
      'run',
      '--rm',
      ...flags,
      'dangling',
      '/bin/busybox',
      'cat',
      '/etc/resolv.conf',
      '/etc/hosts',
    );
    expect(stderr).toBe('');
    expect(stdout).toContain('nameserver 192.0.2.53\n');
    expect(stdout).toContain('192.0.2.1\tdb\n');
  });

  it.each(['baseline', 'default', 'strict'])('%s: a published port is reached', async (profile) => {
    await secure.detached(
      '--profile',
      profile,
      '--trust',
      '--hostname',
      'web',
      '-p',
      '8080:80',
      'busybox',
      'sh',
      '-c',
      HTTPD,
    );
    await answers('http://127.0.0.1:8080/');
    expect(await get('http://127.0.0.1:8080/')).toBe('hello from web\n');
  });

  it('on loopback unless more is asked for', async () => {
    await netns.sh(
      'ip link add out0 type veth peer out1 && ip link set out1 up && ip addr add 192.0.2.10/24 dev out0 && ip link set out0 up',
    );
    await secure.detached('-p', '8080:80', '-p', '0.0.0.0:8081:80', 'busybox', 'sh', '-c', HTTPD);
    await answers('http://192.0.2.10:8081/');
    expect(await get('http://192.0.2.10:8080/')).toBe('');
    await secure.run('rm', '-f', ...(await secure.containers()));
    await netns.sh('ip link del out0');
  });

  it('reaches the host only when the policy and the request say so', async () => {
    const serve = "require('node:net').createServer((s) => s.end('the host\\n')).listen(7000, () => console.log('up'))";
    const listener = netns.spawn(process.execPath, ['-e', serve], { stdio: ['ignore', 'pipe', 'inherit'] });
    await new Promise((resolve) => listener.stdout?.once('data', resolve));
    try {
      const script = 'nc -w 2 $(ip route | sed -n "s/^default via \\([0-9.]*\\).*/\\1/p") 7000 2>&1 </dev/null; true';
      expect(await inside(script)).toBe('nc: timed out\n');
      const policy = join(secure.root, 'host.yaml');
      writeFileSync(policy, 'apiVersion: secure/v1\nkind: Policy\nextends: default\nrun: {hostAccess: true}\n');
      expect(await inside(script, '--profile', policy)).toBe('nc: timed out\n');
      const asked = await inside(
        'nc -w 2 host.internal 7000 </dev/null',
        '--profile',
        policy,
        '--add-host',
        'host.internal:host-gateway',
      );
      expect(asked).toBe('the host\n');
    } finally {
      const ended = new Promise((resolve) => listener.once('close', resolve));
      listener.kill('SIGKILL');
      await ended;
    }
  });

  it('none is loopback alone, and so is strict without need', async () => {
    const script = 'ls /sys/class/net; cat /etc/resolv.conf; grep -c "127.0.0.1.*$HOSTNAME" /etc/hosts';
    const expected = 'lo\n# No name server: it has no network.\n1\n';
    expect(await inside(script, '--network', 'none')).toBe(expected);
    expect(await inside(script, '--profile', 'strict', '--trust')).toBe(expected);
  });

  it('is what SECURE_* says', async () => {
    const env = { SECURE_BRIDGE: 'mine0', SECURE_SUBNET4: '10.77.0.0/24', SECURE_SUBNET6: 'none' };
    const args = [
      'run',
      '--rm',
      'busybox',
      'sh',
      '-c',
      'ip -o -4 addr show eth0; ip -o -6 addr show eth0 | grep -v fe80; true',
    ];
    expect((await secure.call(args, { env })).stdout).toMatch(/^2: eth0 +inet 10\.77\.0\.\d+\/24 .*\n$/);
    const wrong = await secure.call(args, { env: { ...env, SECURE_SUBNET4: '10.77.0.1/24' } });
    expect([wrong.code, errorCode(wrong)]).toEqual([125, 'CONFIG_INVALID']);
  });

  it('certificates are added to those of the image', async () => {
    const [key, pem] = [join(secure.root, 'ca.key'), join(secure.root, 'ca.pem')];
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    execFileSync('openssl', ['req', '-x509', ...curve, '-keyout', key, '-out', pem, '-subj', '/CN=Test'], {
      stdio: 'ignore',
    });
    expect(await inside('cat $SSL_CERT_FILE', '--extra-ca', pem)).toBe(readFileSync(pem, 'utf8'));
  });

  it.each<[string, string[]]>([
    ['INVALID_VALUE', ['-p', '0:80']],
    ['INVALID_VALUE', ['-p', '8080-8090:80']],
    ['INVALID_VALUE', ['-p', '8080:80', '-p', '8080:81']],
    ['INVALID_VALUE', ['--add-host', 'a b:1.2.3.4']],
    ['INVALID_VALUE', ['--dns', 'one.one.one.one']],
    ['INVALID_VALUE', ['--extra-ca', '/dev/zero']],
    ['USAGE', ['--network', 'none', '-p', '80:80']],
    ['PORT_REFUSED', ['-p', '[::1]:8080:80']],
    ['PORT_REFUSED', ['-p', '192.0.2.77:8080:80']],
    ['POLICY_DENIED', ['--add-host', 'x:host-gateway']],
    ['POLICY_DENIED', ['--profile', 'strict', '--trust', '-p', '8443:8443']],
    ['POLICY_DENIED', ['--profile', 'strict', '--trust', '-p', '0.0.0.0:8080:80']],
    ['POLICY_DENIED', ['--profile', 'strict', '--trust', '--dns', '9.9.9.9']],
  ])('%s: %j', async (code, flags) => {
    const result = await secure.run('run', '--rm', ...flags, 'busybox', 'true');
    expect([result.code, errorCode(result), result.stdout]).toEqual([125, code, '']);
    expect(await secure.containers()).toEqual([]);
  });
});
