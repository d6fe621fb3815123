# SPDX-License-Identifier: Apache-2.0
# forms: all
# secure-probe on a kernel that has modules, kexec, sysrq and /proc/kcore: everything is permitted to root here, and nothing of it happens.

probe=/opt/secure/build/release/secure-probe

# What a probe could have changed.
state() {
  cut -d' ' -f1 /proc/modules | sort
  cat /proc/filesystems /proc/swaps /proc/sys/kernel/core_pattern /proc/sys/kernel/modprobe /proc/sys/kernel/hostname
  cat /proc/net/protocols | cut -d' ' -f1 | sort
  cat /sys/kernel/kexec_loaded /sys/kernel/uevent_helper 2>/dev/null || true
  sed 's/ [0-9]* / /' /proc/self/mountinfo | cut -d' ' -f3- | sort
  ls /dev /tmp
}

# outcome NAME OUTCOME: of an attempt in $report
outcome() {
  expect "\"name\":\"$1\",\"outcome\":\"$2\"" "$report"
}

test_changes_nothing_and_loads_no_module() {
  $probe >/dev/null
  before=$(state)
  $probe >/dev/null
  after=$(state)
  [ "$before" = "$after" ] || fail "before: $before
after: $after"
}

test_comes_behind_every_check_as_root() {
  report=$($probe)
  for name in unshare-mount mount pivot-root chroot kexec-load open-by-handle clock-adjust clock-set host-name reboot swapon \
    write-core-pattern write-modprobe write-sysrq-trigger read-kernel-memory socket-raw keyctl; do
    outcome "$name" allowed
  done
  ! printf '%s' "$report" | grep -qE '"outcome":"(failed|timeout|killed)"' || fail "not decided: $report"
}

test_is_refused_in_a_container() {
  bundle /var/tmp/probe /probe
  cp $probe /var/tmp/probe/rootfs/probe
  report=$(secure-runtime run --bundle /var/tmp/probe lab-probe)
  rm -rf /var/tmp/probe
  for name in unshare-mount mount pivot-root chroot open-by-handle clock-adjust clock-set host-name swapon write-core-pattern write-modprobe; do
    outcome "$name" denied
  done
  outcome kexec-load denied
  outcome init-module denied
  outcome make-device denied
  outcome read-kernel-memory denied
}
