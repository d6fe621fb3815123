# SPDX-License-Identifier: Apache-2.0
# forms: v2
# Where on version 2 of cgroups a further process of a container goes.

WRITABLE=',{"destination":"/sys/fs/cgroup","type":"cgroup","source":"cgroup","options":["nosuid","noexec","nodev"]}'
group_of_exec() { secure-runtime exec "$@" cat /proc/self/cgroup; }

test_exec_goes_where_the_first_process_is_when_the_group_takes_none() {
  MOUNTS=$WRITABLE
  started sleep 1000
  secure-runtime exec "$ID" sh -c 'busybox mkdir /sys/fs/cgroup/below && echo 1 >/sys/fs/cgroup/below/cgroup.procs'
  # Without a controller below it the group still takes processes.
  [ "$(group_of_exec "$ID")" = 0::/ ] || fail "$(group_of_exec "$ID")"
  secure-runtime exec "$ID" sh -c 'echo $$ >/sys/fs/cgroup/below/cgroup.procs; echo +memory >/sys/fs/cgroup/cgroup.subtree_control'
  [ "$(group_of_exec "$ID")" = 0::/below ] || fail "$(group_of_exec "$ID")"
  # Asked for, it is an error.
  refused 255 ' adding pid .* to cgroups.*evice or resource busy' secure-runtime exec --cgroup / "$ID" true
  [ "$(group_of_exec --cgroup below "$ID")" = 0::/below ]
}

test_exec_into_a_group_below() {
  MOUNTS=$WRITABLE
  started sleep 1000
  refused 255 'bad sub cgroup path' secure-runtime exec --cgroup .. "$ID" true
  refused 255 ' adding pid .*No such file or directory' secure-runtime exec --cgroup missing "$ID" true
  refused 255 'unknown controller whaaat' secure-runtime exec --cgroup whaaat:/ "$ID" true
  secure-runtime exec "$ID" busybox mkdir /sys/fs/cgroup/below
  [ "$(group_of_exec --cgroup below "$ID")" = 0::/below ]
  [ "$(group_of_exec --cgroup memory:below "$ID")" = 0::/below ]
}

test_exec_follows_the_first_process_out_of_a_group_that_is_gone() {
  mkdir /sys/fs/cgroup/lab-elsewhere
  started sleep 1000
  echo "$PID" >/sys/fs/cgroup/lab-elsewhere/cgroup.procs
  rmdir "$GROUP"
  expect 'lab-elsewhere$' "$(group_of_exec "$ID")"
  secure-runtime delete --force "$ID"
  trap - EXIT
  rm -rf "$BUNDLE"
  rmdir /sys/fs/cgroup/lab-elsewhere
}
