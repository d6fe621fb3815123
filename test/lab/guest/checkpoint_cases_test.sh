# SPDX-License-Identifier: Apache-2.0
# forms: apparmor
# Checkpoints of all kinds of containers, and what is refused, after which nothing is left. That a kernel has version 1 makes no difference to them.
. /lab/guest/criu.sh

test_leave_running() {
  counting
  # No descendant of the first process.
  secure-runtime exec --detach "$ID" sleep 1000 </dev/null >/dev/null 2>&1
  dump --leave-running
  expect '1 processes of the container do not descend' "$(cat /run/lab-said)"
  [ "$(status)" = running ] || fail "$(status)"
  now=$(count)
  until_true past "$now"
  refused_to_file 1 'already exists' secure-runtime restore --detach --bundle "$CRIU_BUNDLE" --image-path "$IMAGES" "$ID"
  until_true past $((now + 1))
  secure-runtime delete --force "$ID"
  again
  until_true past 1
}

test_pre_dumps_build_on_each_other() {
  counting
  mkdir -m 700 "$IMAGES.0"
  done_by secure-runtime checkpoint --pre-dump --image-path "$IMAGES.0" "$ID"
  [ "$(status)" = running ]
  refused 1 'lacks secure-runtime.json' secure-runtime restore --detach --bundle "$CRIU_BUNDLE" --image-path "$IMAGES.0" other
  refused 1 '.--parent-path must be relative|--parent-path must be relative' secure-runtime checkpoint --image-path "$IMAGES" --parent-path "$IMAGES.0" "$ID"
  refused 1 'invalid --parent-path' secure-runtime checkpoint --image-path "$IMAGES" --parent-path ./none "$ID"
  dump --parent-path ../lab-images.0
  [ -L "$IMAGES/parent" ]
  goes_on
}

test_bind_mounts() {
  mkdir -p /var/tmp/lab-a/deep /var/tmp/lab-b
  mkdir -p "$CRIU_BUNDLE"
  trap 'secure-runtime delete --force "$ID" 2>/dev/null; umount /var/tmp/lab-a/deep; rm -rf /var/tmp/lab-*' EXIT
  mount -t tmpfs tmpfs /var/tmp/lab-a/deep
  echo deep >/var/tmp/lab-a/deep/file
  MOUNTS=',{"destination":"/link","type":"bind","source":"/var/tmp/lab-a","options":["rbind"]},
    {"destination":"/link/nested/dir","type":"bind","source":"/var/tmp/lab-b","options":["bind","ro"]}'
  bundle "$CRIU_BUNDLE" sh -c "$COUNT"
  with_the_hosts_network
  mkdir -p "$CRIU_BUNDLE/rootfs/real" && ln -s real "$CRIU_BUNDLE/rootfs/link"
  secure-runtime run --detach --bundle "$CRIU_BUNDLE" "$ID" </dev/null >/dev/null 2>&1
  until_true past 0
  dump
  # Mount points that a start would make, too.
  rmdir /var/tmp/lab-a/nested/dir /var/tmp/lab-a/nested
  goes_on
  [ "$(secure-runtime exec "$ID" cat /real/deep/file)" = deep ]
  refused 1 'Read-only' secure-runtime exec "$ID" touch /link/nested/dir/x
  dump
  # The config decides which of the host's files are mounted.
  sed 's#,{"destination":"/link",[^}]*}##' "$CRIU_BUNDLE/config.json" >"$CRIU_BUNDLE/other" && mv "$CRIU_BUNDLE/config.json" /var/tmp/lab-config
  tr -d '\n' <"$CRIU_BUNDLE/other" | sed 's#, *{"destination":"/link","type":"bind","source":"/var/tmp/lab-a","options":\["rbind"\]}##' >"$CRIU_BUNDLE/config.json"
  refused 1 'config.json has no bind mount on /link' secure-runtime restore --detach --bundle "$CRIU_BUNDLE" --image-path "$IMAGES" "$ID"
  gone
}

test_namespaces_of_others() {
  unshare -n -i -u sleep 1000 & other=$!
  trap 'kill $other; secure-runtime delete --force "$ID" 2>/dev/null; rm -rf /var/tmp/lab-*' EXIT
  apart() { [ "$(readlink /proc/$other/ns/net)" != "$(readlink /proc/self/ns/net)" ]; }
  until_true apart
  bundle "$CRIU_BUNDLE" sh -c "$COUNT"
  for kind in network:net ipc:ipc uts:uts; do
    sed -i "s#{\"type\":\"${kind%:*}\"}#{\"type\":\"${kind%:*}\",\"path\":\"/proc/$other/ns/${kind#*:}\"}#" "$CRIU_BUNDLE/config.json"
  done
  sed -i 's/"hostname":"inside",//' "$CRIU_BUNDLE/config.json"
  secure-runtime run --detach --bundle "$CRIU_BUNDLE" "$ID" </dev/null >/dev/null 2>&1
  until_true past 0
  dump
  goes_on
  # The network is open again.
  nsenter -t "$(pid)" -n ip link set lo up
  nsenter -t "$(pid)" -n ping -c 1 -W 2 127.0.0.1
  for kind in net ipc uts; do
    [ "$(readlink "/proc/$(pid)/ns/$kind")" = "$(readlink /proc/$other/ns/$kind)" ] || fail "$kind"
  done
}

test_hooks_run_at_a_restore() {
  TOP=',"hooks":{"prestart":[{"path":"/bin/sh","args":["sh","-c","cat >/var/tmp/lab-prestart"]}],"poststart":[{"path":"/bin/sh","args":["sh","-c","cat >/var/tmp/lab-poststart"]}],
    "poststop":[{"path":"/bin/sh","args":["sh","-c","cat >/var/tmp/lab-poststop"]}]}'
  counting
  rm /var/tmp/lab-prestart /var/tmp/lab-poststart
  dump
  expect '"status":"stopped"' "$(cat /var/tmp/lab-poststop)"
  goes_on
  expect "\"pid\":$(pid),\"status\":\"created\"" "$(cat /var/tmp/lab-prestart)"
  expect "\"pid\":$(pid),\"status\":\"running\"" "$(cat /var/tmp/lab-poststart)"
  secure-runtime delete --force "$ID"
  # One that fails ends the restore, and nothing is left of it.
  sed -i 's#cat >/var/tmp/lab-prestart#exit 7#' "$CRIU_BUNDLE/config.json"
  refused_to_file 1 'prestart' secure-runtime restore --detach --bundle "$CRIU_BUNDLE" --image-path "$IMAGES" "$ID"
  gone
}

test_a_paused_container() {
  counting
  secure-runtime pause "$ID"
  dump --leave-running
  [ "$(status)" = paused ] || fail "$(status)"
  secure-runtime resume "$ID"
  dump
  goes_on
}

test_a_weaker_restore_is_killed() {
  counting
  dump
  n=$(count)
  cp "$CRIU_BUNDLE/config.json" /var/tmp/lab-config
  # What the config wants now and CRIU could not know.
  sed -i 's#"linux":{#"linux":{"seccomp":{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir"],"action":"SCMP_ACT_ERRNO"}]},#' "$CRIU_BUNDLE/config.json"
  refused_to_file 1 'RESTORE_WEAKER.*killed: seccomp should be' secure-runtime restore --detach --bundle "$CRIU_BUNDLE" --image-path "$IMAGES" "$ID"
  gone
  sed 's#"CAP_KILL",##g' /var/tmp/lab-config >"$CRIU_BUNDLE/config.json"
  refused_to_file 1 'RESTORE_WEAKER.*killed: capabilities should be' secure-runtime restore --detach --bundle "$CRIU_BUNDLE" --image-path "$IMAGES" "$ID"
  sed 's#"path":"rootfs"#"path":"rootfs","readonly":true#' /var/tmp/lab-config >"$CRIU_BUNDLE/config.json"
  refused_to_file 1 'RESTORE_WEAKER.*killed: rootfs should be' secure-runtime restore --detach --bundle "$CRIU_BUNDLE" --image-path "$IMAGES" "$ID"
  # Not one instruction of it was executed.
  [ "$(count)" = "$n" ] || fail "$n, then $(count)"
  cp /var/tmp/lab-config "$CRIU_BUNDLE/config.json"
  goes_on
}

test_what_criu_would_lose_is_refused() {
  TOP=',"annotations":{"run.secure.refuse-exec-gain":"false"}'
  counting
  refused 1 'CHECKPOINT_LOSES|USAGE|NO_SUCH' secure-runtime checkpoint --image-path "$IMAGES" none
  for state in created stopped; do
    bundle /var/tmp/lab-other true
    secure-runtime create --bundle /var/tmp/lab-other "other" </dev/null
    [ "$state" = created ] || secure-runtime start other
    until_other() { [ "$(secure-runtime state other | sed -n 's/.*"status": *"\([a-z]*\)".*/\1/p')" = "$state" ]; }
    until_true until_other
    refused 1 "cannot be checkpointed in $state state" secure-runtime checkpoint --image-path "$IMAGES" other
    secure-runtime delete --force other
  done
  [ ! -e "$IMAGES" ]
  secure-runtime delete --force "$ID"
  TOP=',"annotations":{"run.secure.speculation":"store-bypass"}'
  counting
  refused 1 'CHECKPOINT_LOSES.*speculation control' secure-runtime checkpoint --image-path "$IMAGES" "$ID"
  [ "$(status)" = running ]
}

test_images_of_somebody_else() {
  counting
  dump --leave-running
  secure-runtime delete --force "$ID"
  restore() { secure-runtime restore --detach --bundle "$CRIU_BUNDLE" --image-path "${1-$IMAGES}" "$ID"; }
  chmod 777 "$IMAGES"
  refused 1 IMAGES_UNSAFE restore
  chmod 700 "$IMAGES"
  chown 1000 "$IMAGES"
  refused 1 IMAGES_UNSAFE restore
  chown 0 "$IMAGES"
  chown 1000 "$IMAGES/core-1.img"
  refused 1 'IMAGES_UNSAFE.*core-1.img' restore
  chown 0 "$IMAGES/core-1.img"
  ln -s "$IMAGES" /var/tmp/lab-link && chown -h 1000 /var/tmp/lab-link
  refused 1 'IMAGES_UNSAFE.*lab-link' restore /var/tmp/lab-link
  gone
  rm "$IMAGES/inventory.img"
  refused_to_file 1 CRIU_FAILED restore
  gone
}

test_a_criu_that_is_not_there_or_not_roots() {
  counting
  trap 'umount /usr/sbin/criu 2>/dev/null || [ ! -e /var/tmp/criu-aside ] || mv /var/tmp/criu-aside /usr/sbin/criu; chown 0 /usr/sbin/criu; secure-runtime delete --force "$ID" 2>/dev/null; rm -rf /var/tmp/lab-*' EXIT
  mv /usr/sbin/criu /var/tmp/criu-aside
  refused 1 'CRIU_MISSING.*|install the package criu' secure-runtime checkpoint --image-path "$IMAGES" "$ID"
  mv /var/tmp/criu-aside /usr/sbin/criu
  chown 1000 /usr/sbin/criu
  refused 1 'CRIU_UNSAFE' secure-runtime checkpoint --image-path "$IMAGES" "$ID"
  chown 0 /usr/sbin/criu
  # One that ends at once.
  cp /bin/busybox /var/tmp/lab-criu-fake
  mount --bind /var/tmp/lab-criu-fake /usr/sbin/criu
  refused 1 'CRIU_DIED' secure-runtime checkpoint --image-path "$IMAGES" "$ID"
  umount /usr/sbin/criu
  now=$(count)
  until_true past "$now"
  dump
  mount --bind /var/tmp/lab-criu-fake /usr/sbin/criu
  refused_to_file 1 'CRIU_DIED' secure-runtime restore --detach --bundle "$CRIU_BUNDLE" --image-path "$IMAGES" "$ID"
  umount /usr/sbin/criu
  gone
  goes_on
}

test_a_criu_that_is_killed() {
  TOP=',"hooks":{"prestart":[{"path":"/bin/sh","args":["sh","/var/tmp/lab-hook"]}]}'
  echo 'exit 0' >/var/tmp/lab-hook
  counting
  dump
  cat >/var/tmp/lab-hook <<'END'
for one in /proc/[0-9]*; do
  case $(tr '\0' ' ' <"$one/cmdline" 2>/dev/null) in criu*restore*) kill -9 "${one#/proc/}" ;; esac
done
END
  refused_to_file 1 'CRIU_DIED' secure-runtime restore --detach --bundle "$CRIU_BUNDLE" --image-path "$IMAGES" "$ID"
  gone
  echo 'exit 0' >/var/tmp/lab-hook
  goes_on
}

test_a_profile_of_apparmor() {
  features=/sys/kernel/security/apparmor/features
  echo 'profile lab-criu-profile flags=(attach_disconnected) { file, capability, network, umount, mount, signal, ptrace, unix, deny /tmp/secret* w, }' >/run/lab-profile
  apparmor_parser -Q -K -M "$features" --kernel-features "$features" -o /run/lab-profile.bin /run/lab-profile
  cat /run/lab-profile.bin >/sys/kernel/security/apparmor/.replace
  PROCESS=',"apparmorProfile":"lab-criu-profile"'
  counting
  trap 'secure-runtime delete --force "$ID" 2>/dev/null; printf %s lab-criu-profile >/sys/kernel/security/apparmor/.remove; rm -rf /var/tmp/lab-*' EXIT
  dump
  goes_on
  [ "$(cat "/proc/$(pid)/attr/current")" = 'lab-criu-profile (enforce)' ] || fail "$(cat "/proc/$(pid)/attr/current")"
  dump
  # Without it nothing comes back.
  sed -i 's/lab-criu-profile/lab-other-profile/' "$CRIU_BUNDLE/config.json"
  refused_to_file 1 'RESTORE_WEAKER.*killed: lsm should be lab-other-profile' secure-runtime restore --detach --bundle "$CRIU_BUNDLE" --image-path "$IMAGES" "$ID"
}
