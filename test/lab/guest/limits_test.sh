# SPDX-License-Identifier: Apache-2.0
# forms: v2
# Limits of cgroup v2, on a machine that has nothing else and no systemd.

test_a_container_is_in_its_cgroup_from_its_first_instruction() {
  # The root of its cgroup namespace is where the process was when that was made: with a later move it would see a path.
  [ "$(inside cat /proc/self/cgroup)" = 0::/ ] || fail "$(inside cat /proc/self/cgroup)"
}

test_memory_is_limited_and_what_needs_more_is_killed() {
  RESOURCES=',"memory":{"limit":16777216}'
  code=0
  inside dd if=/dev/zero of=/dev/null bs=64M count=1 || code=$?
  [ "$code" = 137 ] || fail "exit code $code"
  inside dd if=/dev/zero of=/dev/null bs=4M count=1
}

test_the_limits_are_where_the_kernel_reads_them() {
  RESOURCES=',"memory":{"limit":33554432,"reservation":16777216},"pids":{"limit":7},"cpu":{"quota":20000,"period":100000,"shares":512}'
  started sleep 100
  for pair in memory.max=33554432 memory.low=16777216 pids.max=7 'cpu.max=20000 100000'; do
    [ "$(cat "$GROUP/${pair%%=*}")" = "${pair#*=}" ] || fail "$pair, but it is $(cat "$GROUP/${pair%%=*}")"
  done
  weight=$(cat "$GROUP/cpu.weight")
  { [ "$weight" -gt 10 ] && [ "$weight" -lt 100 ]; } || fail "weight $weight of 512 shares"
}

test_processes_are_limited() {
  RESOURCES=',"pids":{"limit":4}'
  text=$(inside sh -c 'for i in 1 2 3 4 5 6; do sleep 1 & done; wait' 2>&1) || true
  expect "can't fork" "$text"
}

test_processor_time_is_limited() {
  RESOURCES=',"cpu":{"quota":5000,"period":100000}'
  started sh -c 'while :; do :; done'
  throttled() { [ "$(sed -n 's/^nr_throttled //p' "$GROUP/cpu.stat")" -gt 2 ]; }
  until_true throttled
}

test_processors_are_chosen() {
  RESOURCES=',"cpu":{"cpus":"1","mems":"0"}'
  expect 'Cpus_allowed_list:[[:space:]]*1$' "$(inside grep Cpus_allowed_list /proc/self/status)"
}

test_too_little_memory_to_start_is_said_with_limit_and_peak() {
  RESOURCES=',"memory":{"limit":4096}'
  bundle /var/tmp/small true
  refused 1 'out of memory.*limit.*peak' secure-runtime run --bundle /var/tmp/small lab-small
  rm -rf /var/tmp/small
}

test_a_group_that_does_not_take_the_limit_is_refused_and_removed() {
  RESOURCES=',"cpu":{"cpus":"77"}'
  bundle /var/tmp/far true
  refused 1 'cpuset.cpus' secure-runtime run --bundle /var/tmp/far lab-far
  rm -rf /var/tmp/far
}

test_a_group_below_is_given_to_the_container() {
  TOP=',"annotations":{"run.oci.delegate-cgroup":"own/inner"}'
  LINUX=',"uidMappings":[{"containerID":0,"hostID":7000,"size":1}],"gidMappings":[{"containerID":0,"hostID":7000,"size":1}]'
  MOUNTS=',{"destination":"/sys/fs/cgroup","type":"cgroup","source":"cgroup","options":["nosuid","nodev","noexec"]}'
  RESOURCES=',"pids":{"limit":9}'
  steps='cd /sys/fs/cgroup/own/inner && mkdir more && echo 0 >more/cgroup.procs && echo +pids >cgroup.subtree_control && echo 3 >more/pids.max'
  bundle "/var/tmp/lab-$$" sh -c "$steps"' && cat /proc/self/cgroup && if echo max >../../pids.max; then echo escaped; fi; sleep 100'
  sed -i 's/{"type":"cgroup"}/{"type":"cgroup"},{"type":"user"}/' "/var/tmp/lab-$$/config.json"
  chown -R 7000:7000 "/var/tmp/lab-$$"
  trap 'secure-runtime delete --force "lab-$$"; rm -rf "/var/tmp/lab-$$"' EXIT
  secure-runtime run --detach --bundle "/var/tmp/lab-$$" "lab-$$" >"/var/tmp/lab-$$/out" 2>&1
  until_true grep -q own "/var/tmp/lab-$$/out"
  expect '^0::/own/inner/more$' "$(cat "/var/tmp/lab-$$/out")"
  expect 'ermission denied' "$(cat "/var/tmp/lab-$$/out")"
  # What is executed later goes where there may be processes.
  expect '^0::/own/inner/more$' "$(secure-runtime exec "lab-$$" cat /proc/self/cgroup)"
  sed -i 's,own/inner,../victim,' "/var/tmp/lab-$$/config.json"
  refused 1 'delegate-cgroup' secure-runtime run --bundle "/var/tmp/lab-$$" "lab-$$-other"
}

test_a_group_is_asked_for_by_path() {
  LINUX=',"cgroupsPath":"/lab-parent/child"'
  started sleep 100
  [ "$GROUP" = /sys/fs/cgroup/lab-parent/child ] || fail "$GROUP"
  secure-runtime delete --force "$ID"
  trap - EXIT
  rm -rf "$BUNDLE"
  [ ! -e /sys/fs/cgroup/lab-parent/child ] || fail 'the group is left'
  # The parent was made on the way.
  [ ! -d /sys/fs/cgroup/lab-parent ] || rmdir /sys/fs/cgroup/lab-parent
}
