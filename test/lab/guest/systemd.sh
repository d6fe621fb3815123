# SPDX-License-Identifier: Apache-2.0
# What tests with systemd share.

# Everything in here runs on the machine that boot-systemd made, by a process of that machine's first group.
if [ ! -d /run/systemd/system ]; then
  # shellcheck disable=SC2016
  exec /lab/bin/nsenter -t "$(cat /run/lab-systemd)" -m -p -C sh -eu -c '
    for group in /sys/fs/cgroup/init.scope /sys/fs/cgroup/*/init.scope; do
      [ ! -e "$group/cgroup.procs" ] || echo $$ >"$group/cgroup.procs"
    done
    . /lab/guest/lib.sh; . "$1"; "test_$2"' sh "$1" "$2"
fi

if [ -e /sys/fs/cgroup/cgroup.procs ]; then V2=/sys/fs/cgroup; else V2=; fi
runtime() { secure-runtime --systemd-cgroup "$@"; }
property() { systemctl show -P "$2" "$1"; }
# shows NAME=VALUE...: what systemd says of the scope, in one question
shows() {
  shows_all=$(systemctl show "$UNIT")
  for shows_one in "$@"; do
    printf '%s\n' "$shows_all" | grep -qxF -- "$shows_one" || fail "no $shows_one, but $(printf '%s\n' "$shows_all" | grep "^${shows_one%%=*}=")"
  done
}
status() { runtime state "$ID" | sed -n 's/.*"status": *"\([a-z]*\)".*/\1/p'; }
# file CONTROLLER NAME: of the scope's group, whatever the hierarchy
file() { cat "${V2:-/sys/fs/cgroup/$1}$GROUP/$2"; }
cleared() { [ "$(property "$UNIT" LoadState)" = not-found ]; }

# scoped SLICE COMMAND...: a container in SLICE that runs until the test ends: $ID, $UNIT, $PID, $GROUP
scoped() {
  ID=lab-$$ BUNDLE=/var/tmp/lab-$$ UNIT=secure-lab-$$.scope
  LINUX=",\"cgroupsPath\":\"$1:secure:$ID\"${LINUX-}"
  shift
  bundle "$BUNDLE" "$@"
  trap 'runtime delete --force "$ID"; rm -rf "$BUNDLE"' EXIT
  runtime create --bundle "$BUNDLE" --pid-file "$BUNDLE/pid" "$ID"
  PID=$(cat "$BUNDLE/pid")
  if [ -n "$V2" ]; then GROUP=$(sed -n 's/^0:://p' "/proc/$PID/cgroup"); else GROUP=$(sed -n 's/^.*:pids://p' "/proc/$PID/cgroup"); fi
  runtime start "$ID"
}

# holds WHAT WANTED GOT
holds() { [ "$2" = "$3" ] || fail "$1 is '$3' instead of '$2'"; }
