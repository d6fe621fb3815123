# SPDX-License-Identifier: Apache-2.0
# forms: selinux
# The types of src/profiles/selinux, on top of Debian's policy, enforced.

label=system_u:system_r:labweb.process:s0:c1,c2
files=system_u:object_r:labweb.file:s0:c1,c2

# labelled DIRECTORY LABEL: a bundle whose root file system has the label, as an engine would give it
labelled() {
  mkdir -p "$1/rootfs"
  mount -t tmpfs -o "context=\"$2\"" tmpfs "$1/rootfs"
  for name in bin dev etc proc sys tmp; do mkdir "$1/rootfs/$name"; done
  cp -p /bin/busybox "$1/rootfs/bin/busybox"
  for name in sh cat ls echo sleep true mount; do ln -s busybox "$1/rootfs/bin/$name"; done
}
gone() {
  umount "$1/rootfs"
  rm -rf "$1"
}

test_the_machine_enforces() {
  [ "$(cat /sys/fs/selinux/enforce)" = 1 ]
  expect '^unconfined_u:unconfined_r:unconfined_t:' "$(cat /proc/self/attr/current | tr -d '\0')"
}

test_the_label_is_on_the_process() {
  PROCESS=",\"selinuxLabel\":\"$label\"" LINUX=",\"mountLabel\":\"$files\""
  labelled /tmp/web "$files"
  bundle /tmp/web cat /proc/self/attr/current
  text=$(secure-runtime run --bundle /tmp/web lab-web | tr -d '\0')
  gone /tmp/web
  [ "$text" = "$label" ] || fail "$text"
}

test_the_mount_label_is_on_what_is_mounted() {
  PROCESS=",\"selinuxLabel\":\"$label\"" LINUX=",\"mountLabel\":\"$files\""
  labelled /tmp/web "$files"
  bundle /tmp/web cat /proc/self/mounts
  text=$(secure-runtime run --bundle /tmp/web lab-web)
  gone /tmp/web
  expect " /dev tmpfs .*context=\"?$files" "$text"
}

test_files_of_another_container_are_closed() {
  PROCESS=",\"selinuxLabel\":\"$label\"" LINUX=",\"mountLabel\":\"$files\""
  labelled /tmp/web "$files"
  mkdir /tmp/other /tmp/web/rootfs/other
  mount -t tmpfs -o 'context="system_u:object_r:labweb.file:s0:c3,c4"' tmpfs /tmp/other
  echo theirs >/tmp/other/file
  MOUNTS=',{"destination":"/other","type":"bind","source":"/tmp/other","options":["bind"]}'
  bundle /tmp/web sh -c 'cat /other/file; echo mine >/tmp/mine; cat /tmp/mine'
  text=$(secure-runtime run --bundle /tmp/web lab-web 2>&1) || true
  umount /tmp/other
  rmdir /tmp/other
  gone /tmp/web
  expect 'other/file.*Permission denied' "$text"
  expect '^mine$' "$text"
}

test_files_of_the_host_are_closed() {
  PROCESS=",\"selinuxLabel\":\"$label\"" LINUX=",\"mountLabel\":\"$files\""
  labelled /tmp/web "$files"
  mkdir /tmp/web/rootfs/host
  MOUNTS=',{"destination":"/host","type":"bind","source":"/etc","options":["bind"]}'
  bundle /tmp/web cat /host/passwd
  text=$(secure-runtime run --bundle /tmp/web lab-web 2>&1) && fail 'it read the file of the host'
  gone /tmp/web
  expect 'Permission denied' "$text"
}

test_a_process_of_exec_has_the_label_too() {
  PROCESS=",\"selinuxLabel\":\"$label\"" LINUX=",\"mountLabel\":\"$files\""
  BUNDLE=/tmp/web ID=lab-web
  labelled /tmp/web "$files"
  bundle /tmp/web sleep 100
  trap 'secure-runtime delete --force lab-web; gone /tmp/web' EXIT
  secure-runtime create --bundle /tmp/web lab-web
  secure-runtime start lab-web
  [ "$(secure-runtime exec lab-web cat /proc/self/attr/current | tr -d '\0')" = "$label" ]
}

test_a_label_that_the_policy_does_not_know_is_an_error() {
  PROCESS=',"selinuxLabel":"system_u:system_r:nobody_t:s0"'
  bundle /tmp/unknown true
  refused 1 selinuxLabel secure-runtime run --bundle /tmp/unknown lab-unknown
  rm -rf /tmp/unknown
}
