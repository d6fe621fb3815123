// SPDX-License-Identifier: Apache-2.0
// What mmdebstrap runs at its stages, as POSIX shell; $1 is the tree. No text of a user gets in here.

/** Use the lists that were downloaded and verified before. */
export const USE_LISTS = 'cp "$SECURE_APT_LISTS"/*_* "$1/var/lib/apt/lists/"';

/** A merged /usr, as every Debian since 12 has it. */
export const MERGED_USR = `set -eu
for d in bin sbin lib lib64; do mkdir -p "$1/usr/$d"; ln -s "usr/$d" "$1/$d"; done`;

/** Traces of the host and of the build. */
const FORGET_HOST = 'rm -rf etc/hostname etc/resolv.conf etc/fstab var/log/apt var/cache/apt/* var/lib/apt/lists/*';

/**
 * After packages were unpacked without their scripts: what the essential packages would have brought, the record of what is
 * installed (scanners read it), a shell where there is a busybox, and nothing of apt.
 */
export const FINISH_MINIMAL = `set -eu
cd "$1"
for deb in var/cache/apt/archives/*.deb; do
  dpkg-deb --field "$deb" | sed '1a\\
Status: install ok installed'
  echo
done > var/lib/dpkg/status
${FORGET_HOST}
rm -rf etc/apt etc/dpkg var/lib/apt var/cache/apt tmp/*
rm -rf var/lib/dpkg/alternatives var/lib/dpkg/triggers var/lib/dpkg/updates var/lib/dpkg/arch
mkdir -p dev etc home mnt proc run sys tmp var/log var/tmp usr/bin usr/sbin
mkdir -p -m 0700 root
chmod 1777 tmp var/tmp
if [ -x usr/bin/busybox ] && [ ! -e usr/bin/sh ]; then
  for applet in $(chroot . /usr/bin/busybox --list); do
    [ -e "usr/bin/$applet" ] || ln -s busybox "usr/bin/$applet"
  done
fi
[ -e etc/passwd ] || cat > etc/passwd <<END
root:x:0:0:root:/root:/bin/sh
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
nonroot:x:65532:65532:nonroot:/home/nonroot:/usr/sbin/nologin
END
[ -e etc/group ] || cat > etc/group <<END
root:x:0:
tty:x:5:
nogroup:x:65534:
nonroot:x:65532:
END
[ -e etc/nsswitch.conf ] || printf 'passwd: files\\ngroup: files\\nhosts: files dns\\n' > etc/nsswitch.conf
mkdir -p -m 0700 home/nonroot
chown 65532:65532 home/nonroot`;

/**
 * After packages were installed: no logs and caches, which only a machine needs, and neither the build's own options nor the
 * credentials of a proxy or mirror that they may hold.
 */
export const FINISH_INSTALLED = `set -eu
cd "$1"
${FORGET_HOST}
rm -f etc/dpkg/dpkg.cfg.d/99mmdebstrap etc/apt/apt.conf.d/99mmdebstrap
sed -i 's#://[^/ @]*@#://#g' etc/apt/sources.list.d/*
rm -rf var/cache/debconf/*-old var/cache/ldconfig/aux-cache var/lib/dpkg/*-old
find var/log -type f -delete`;

/** For dpkg. No documentation and translations; copyright files stay, since licences ask for it. */
export const DPKG_OPTIONS = [
  ...['doc', 'man', 'info', 'locale', 'lintian', 'linda', 'bug'].map((name) => `path-exclude=/usr/share/${name}/*`),
  'path-include=/usr/share/doc/*/copyright',
  // The tree is thrown away when the build fails; syncing every file of it takes longer than all the rest.
  'force-unsafe-io',
];
