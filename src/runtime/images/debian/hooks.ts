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

/** A hook that fails is printed as a whole, which would hide why: this one is a file. */
export const RUN_ADD_USERS = 'sh "$SECURE_ADD_USERS" "$1"';

/**
 * Accounts of the file that is named, one a line: NAME UID GID HOME, checked beforehand. This runs outside the tree, so no link in it is followed.
 */
export const ADD_USERS = `set -eu
umask 022
cd "$1"
refuse() { echo "E: $1" >&2; exit 1; }
plain() { [ -f "$1" ] && [ ! -L "$1" ]; }
[ ! -s "$SECURE_USERS" ] || { [ ! -L etc ] && plain etc/passwd && plain etc/group; } || refuse 'the packages bring no /etc/passwd and /etc/group'
while read -r name uid gid home; do
  if grep -q "^$name:" etc/passwd; then refuse "the packages have a user $name already"; fi
  if cut -d: -f3 etc/passwd | grep -qx "$uid"; then refuse "the packages have a user with the uid $uid already"; fi
  if ! cut -d: -f3 etc/group | grep -qx "$gid"; then
    if grep -q "^$name:" etc/group; then refuse "the packages have a group $name with another gid than $gid"; fi
    echo "$name:x:$gid:" >> etc/group
    if plain etc/gshadow; then echo "$name:!::" >> etc/gshadow; fi
  fi
  echo "$name:x:$uid:$gid:$name:$home:/usr/sbin/nologin" >> etc/passwd
  if plain etc/shadow; then echo "$name:!:::::::" >> etc/shadow; fi
  [ "$home" != /nonexistent ] || continue
  path=
  IFS=/
  for part in \${home#/}; do
    path="$path\${path:+/}$part"
    if [ -L "$path" ]; then refuse "the home $home leads through a link, /$path"; fi
  done
  unset IFS
  if [ -d "$path" ]; then continue; fi
  mkdir -p "$path"
  chmod 0700 "$path"
  chown "$uid:$gid" "$path"
done < "$SECURE_USERS"`;

/**
 * After packages were installed: no logs, caches, ids and keys, which only a machine needs and which were the same wherever the image runs, and neither
 * the build's own options nor the credentials of a proxy or mirror that they may hold.
 */
export const FINISH_INSTALLED = `set -eu
cd "$1"
${FORGET_HOST}
rm -f etc/dpkg/dpkg.cfg.d/99mmdebstrap etc/apt/apt.conf.d/99mmdebstrap
sed -i 's#://[^/ @]*@#://#g' etc/apt/sources.list.d/*
rm -rf var/cache/debconf/*-old var/cache/ldconfig/aux-cache var/lib/dpkg/*-old var/lib/dbus/machine-id
rm -f etc/passwd- etc/group- etc/shadow- etc/gshadow- etc/.pwd.lock
[ ! -f etc/machine-id ] || [ -L etc/machine-id ] || : > etc/machine-id
rm -f etc/ssh/ssh_host_*_key etc/ssh/ssh_host_*_key.pub etc/ssl/private/ssl-cert-snakeoil.key etc/ssl/certs/ssl-cert-snakeoil.pem
[ ! -d etc/ssl/certs ] || find etc/ssl/certs -lname '*ssl-cert-snakeoil.pem' -delete
find var/log -type f -delete`;

/** For dpkg. No documentation and translations; copyright files stay, since licences ask for it. */
export const DPKG_OPTIONS = [
  ...['doc', 'man', 'info', 'locale', 'lintian', 'linda', 'bug'].map((name) => `path-exclude=/usr/share/${name}/*`),
  'path-include=/usr/share/doc/*/copyright',
  // The tree is thrown away when the build fails; syncing every file of it takes longer than all the rest.
  'force-unsafe-io',
];
