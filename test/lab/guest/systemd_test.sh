# SPDX-License-Identifier: Apache-2.0
# forms: v2 plain
# The systemd driver with Debian's systemd and its bus: on v2, and on v1 with v2 beside it.

. /lab/guest/systemd.sh

placed() {
  scoped "$1" sleep 100
  shows "ControlGroup=$2/$UNIT" "Slice=$1" ActiveState=active
  # In every hierarchy: also in those of v1 that systemd has no use for.
  other=$(grep -v ":$2/$UNIT\$" "/proc/$PID/cgroup" || true)
  [ -z "$other" ] || fail "elsewhere: $other"
  # Nobody waits in it any more.
  holds 'processes in it' "$PID" "$(runtime ps --format json "$ID" | tr -d '[] ')"
  runtime delete --force "$ID"
  trap - EXIT
  rm -rf "$BUNDLE"
  LINUX=
  until_true cleared
}

test_a_scope_is_made_in_the_slice_that_is_asked_for() {
  placed system.slice /system.slice
  placed -.slice ''
  placed lab-nested.slice /lab.slice/lab-nested.slice
  # A slice that was made by being named stays.
  systemctl stop lab.slice
  # Also in the hierarchies of v1 that systemd has no use for.
  find /sys/fs/cgroup -depth -name 'lab*.slice' -exec rmdir {} +
}

# limits MEMORY TASKS QUOTA: in microseconds of 100 ms
limits() {
  if [ -n "$V2" ]; then
    holds memory.max "$1" "$(file . memory.max)"
    holds cpu.max "$3 100000" "$(file . cpu.max)"
    shows "MemoryMax=$1" "TasksMax=$2" "CPUQuotaPerSecUSec=$(($3 / 100))ms" MemoryLow=16777216 MemorySwapMax=16777216 AllowedCPUs=1
    holds memory.low 16777216 "$(file . memory.low)"
    holds memory.swap.max 16777216 "$(file . memory.swap.max)"
  else
    holds memory "$1" "$(file memory memory.limit_in_bytes)"
    holds quota "$3" "$(file cpu cpu.cfs_quota_us)"
    shows "MemoryLimit=$1" "TasksMax=$2" "CPUQuotaPerSecUSec=$(($3 / 100))ms"
  fi
  holds pids "$2" "$(file pids pids.max)"
  holds cpus 1 "$(file cpuset cpuset.cpus)"
}

test_limits_are_properties_and_files_and_a_reload_keeps_them() {
  RESOURCES=',"memory":{"limit":33554432,"reservation":16777216},"pids":{"limit":17},"cpu":{"quota":50000,"period":100000,"cpus":"1"}'
  [ -z "$V2" ] || RESOURCES=$(echo "$RESOURCES" | sed 's/"memory":{/"memory":{"swap":50331648,/')
  scoped system.slice sleep 100
  limits 33554432 17 50000
  systemctl daemon-reload
  limits 33554432 17 50000
  # As podman and docker do it: of all that is told to systemd only what changed.
  runtime update --pids-limit 23 --memory 67108864 ${V2:+--memory-swap 83886080} --cpu-quota 20000 --cpu-share 512 "$ID"
  limits 67108864 23 20000
  systemctl daemon-reload
  limits 67108864 23 20000
  if [ -n "$V2" ]; then shows "CPUWeight=$(file . cpu.weight)"; else holds shares 512 "$(file cpu cpu.shares)"; fi
}

# A node of the container that no rule allows, and one that the specification does.
devices() {
  expect 'Operation not permitted' "$(runtime exec "$ID" sh -c 'head -c 0 /dev/kmsg' 2>&1 || true)"
  runtime exec "$ID" sh -c 'echo >/dev/null && head -c 1 /dev/urandom >/dev/zero && head -c 0 /dev/rtc-lab'
}

test_device_rules_are_systemd_s_too_and_a_reload_keeps_them() {
  DEVICES=',{"allow":true,"type":"c","major":4,"minor":64,"access":"r"},{"allow":true,"type":"b","access":"m"}'
  scoped system.slice sleep 100
  for node in 'kmsg c 1 11' 'rtc-lab c 4 64'; do
    # shellcheck disable=SC2086
    /lab/bin/nsenter -t "$PID" -m mknod -m 666 /dev/$node
  done
  shows DevicePolicy=strict 'DeviceAllow=/dev/char/4:64 r' 'DeviceAllow=block-* m'
  systemctl daemon-reload
  systemctl set-property --runtime "$UNIT" MemoryAccounting=yes CPUWeight=50
  devices
  echo '{"devices":[{"allow":false,"access":"rwm"}]}' | runtime update --resources - "$ID"
  systemctl daemon-reload
  expect 'Operation not permitted' "$(runtime exec "$ID" sh -c 'head -c 0 /dev/rtc-lab' 2>&1 || true)"
  runtime exec "$ID" sh -c 'echo >/dev/null'
}

test_annotations_are_properties_and_a_group_below_the_scope() {
  TOP=',"annotations":{"org.systemd.property.TimeoutStopSec":"uint64 7","org.systemd.property.CollectMode":"'"'inactive'"'",
    "run.oci.systemd.subgroup":"inner"}'
  RESOURCES=',"pids":{"limit":17}'
  scoped system.slice sleep 100
  shows TimeoutStopUSec=7s CollectMode=inactive TasksMax=17
  holds group "/system.slice/$UNIT/inner" "$GROUP"
  holds pids 17 "$(file pids pids.max)"
  [ "$(runtime exec "$ID" cat /proc/self/cgroup)" = "$(runtime exec "$ID" cat /proc/1/cgroup)" ]
  runtime delete --force "$ID"
  trap - EXIT
  rm -rf "$BUNDLE"
  until_true cleared
  [ -z "$(find /sys/fs/cgroup -name "$UNIT")" ] || fail 'a group is left'
}

test_a_limit_of_one_process_leaves_room_for_it() {
  RESOURCES=',"pids":{"limit":1}'
  scoped system.slice sleep 100
  shows TasksMax=1
  holds pids 1 "$(file pids pids.max)"
}

test_delete_ends_the_scope() {
  scoped system.slice sh -c 'sleep 1000 & sleep 1000'
  runtime delete --force "$ID"
  trap - EXIT
  rm -rf "$BUNDLE"
  holds LoadState not-found "$(property "$UNIT" LoadState)"
  [ -z "$(find /sys/fs/cgroup -name "$UNIT")" ] || fail 'a group is left'
}

test_what_fails_leaves_no_scope() {
  bundle /var/tmp/lab-fails /no/such/program
  LINUX=',"cgroupsPath":"system.slice:secure:fails"'
  trap 'rm -rf /var/tmp/lab-fails' EXIT
  bundle /var/tmp/lab-fails /no/such/program
  refused 127 'no/such/program' runtime run --bundle /var/tmp/lab-fails lab-fails
  holds LoadState not-found "$(property secure-fails.scope LoadState)"
  RESOURCES=',"unified":{"no.such.file":"1"}'
  bundle /var/tmp/lab-fails true
  refused 1 'no.such.file' runtime create --bundle /var/tmp/lab-fails lab-fails
  holds LoadState not-found "$(property secure-fails.scope LoadState)"
  [ -z "$(find /sys/fs/cgroup -name secure-fails.scope)" ] || fail 'a group is left'
}
