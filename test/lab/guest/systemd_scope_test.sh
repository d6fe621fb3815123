# SPDX-License-Identifier: Apache-2.0
# forms: v2
# A scope of systemd's from its beginning to its end, whatever the hierarchy.
. /lab/guest/systemd.sh

test_without_a_path_it_is_in_the_slice_of_the_system() {
  bundle /var/tmp/lab-default sleep 100
  trap 'runtime delete --force lab-default; rm -rf /var/tmp/lab-default' EXIT
  runtime run --detach --bundle /var/tmp/lab-default lab-default
  holds Slice system.slice "$(property secure-lab-default.scope Slice)"
}

test_pause_stops_it_and_resume_lets_it_go_on() {
  scoped system.slice sleep 100
  runtime pause "$ID"
  holds status paused "$(status)"
  systemctl daemon-reload
  holds status paused "$(status)"
  runtime resume "$ID"
  holds status running "$(status)"
}

test_exec_joins_the_scope() {
  scoped system.slice sleep 100
  [ "$(runtime exec "$ID" cat /proc/self/cgroup)" = "$(runtime exec "$ID" cat /proc/1/cgroup)" ]
  runtime exec --detach --pid-file "$BUNDLE/second" "$ID" sleep 100
  grep -q ":$GROUP\$" "/proc/$(cat "$BUNDLE/second")/cgroup"
  holds TasksCurrent 2 "$(property "$UNIT" TasksCurrent)"
}

test_a_name_that_is_taken_is_refused_and_not_stopped() {
  scoped system.slice sleep 100
  refused 1 'same cgroupsPath' runtime run --bundle "$BUNDLE" lab-second
  holds status running "$(status)"
}

test_what_systemd_stops_is_stopped() {
  scoped system.slice sh -c 'trap "exit 3" TERM; while :; do sleep 0.1; done'
  # Until then TERM would be ignored: it is the first of its namespace.
  caught() { grep -q '^SigCgt:.*[4-7c-f]...$' "/proc/$PID/status"; }
  until_true caught
  systemctl stop "$UNIT"
  holds status stopped "$(status)"
  runtime delete "$ID"
  trap - EXIT
  rm -rf "$BUNDLE"
  holds LoadState not-found "$(property "$UNIT" LoadState)"
}

test_a_runtime_that_is_killed_leaves_no_scope() {
  TOP=',"hooks":{"createRuntime":[{"path":"/bin/sh","args":["sh","-c","echo $PPID $$ >/var/tmp/lab-parent; exec sleep 100"]}]}'
  LINUX=',"cgroupsPath":"system.slice:secure:killed"'
  bundle /var/tmp/lab-killed true
  trap 'runtime delete --force lab-killed; rm -rf /var/tmp/lab-killed /var/tmp/lab-parent' EXIT
  runtime create --bundle /var/tmp/lab-killed lab-killed 2>/dev/null &
  until_true test -s /var/tmp/lab-parent
  holds ActiveState active "$(property secure-killed.scope ActiveState)"
  # shellcheck disable=SC2046
  kill -9 $(cat /var/tmp/lab-parent)
  ended() { [ "$(property secure-killed.scope LoadState)" = not-found ]; }
  until_true ended
}

test_without_a_bus_systemd_is_asked_on_its_own_socket() {
  # shellcheck disable=SC2016
  /lab/bin/unshare -m sh -eu -c '
    mount -t tmpfs tmpfs /run/dbus
    . /lab/guest/lib.sh; . /lab/guest/systemd.sh
    RESOURCES=",\"pids\":{\"limit\":9}"
    scoped system.slice sleep 100
    holds TasksMax 9 "$(property "$UNIT" TasksMax)"'
}
