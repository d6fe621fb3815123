# SPDX-License-Identifier: Apache-2.0
# forms: v2
# The systemd driver of a user: the user's own systemd, in the part of the hierarchy that was delegated to it.
. /lab/guest/systemd.sh

BASE=/sys/fs/cgroup/system.slice/lab-user.service

# as_user COMMAND...: by user 1000, in a group of that user's
as_user() (
  mkdir -p "$BASE/lab-shell"
  chown -R 1000:1000 "$BASE/lab-shell"
  sh -c 'echo $$ >"$0/lab-shell/cgroup.procs"; exec /lab/bin/nsenter -t 1 -m -S 1000 -G 1000 \
    env -i XDG_RUNTIME_DIR=/run/user/1000 HOME=/tmp PATH=/bin secure-runtime --root /run/user/1000/oci --systemd-cgroup "$@"' "$BASE" "$@"
)

test_a_user_s_container_is_in_a_scope_of_the_user() {
  mkdir -p /run/user/1000
  chown 1000:1000 /run/user/1000
  systemd-run --quiet --collect --unit=lab-user --uid=1000 --gid=1000 -p Delegate=yes -p Type=notify -E XDG_RUNTIME_DIR=/run/user/1000 \
    /lib/systemd/systemd --user --log-target=console
  trap 'systemctl kill -s KILL lab-user; systemctl stop lab-user || true; rm -rf /run/user /var/tmp/lab-user' EXIT
  # Without CAP_NET_ADMIN a user has no network namespace to set up, but one to make.
  LINUX=',"cgroupsPath":"user.slice:secure:mine","uidMappings":[{"containerID":0,"hostID":1000,"size":1}],
    "gidMappings":[{"containerID":0,"hostID":1000,"size":1}]'
  RESOURCES=',"pids":{"limit":19},"memory":{"limit":33554432}'
  bundle /var/tmp/lab-user sleep 100
  sed -i 's/{"type":"cgroup"}/{"type":"cgroup"},{"type":"user"}/' /var/tmp/lab-user/config.json
  chown -R 1000:1000 /var/tmp/lab-user
  as_user run --detach --pid-file /var/tmp/lab-user/pid --bundle /var/tmp/lab-user mine </dev/null
  group=$(sed -n 's/^0:://p' "/proc/$(cat /var/tmp/lab-user/pid)/cgroup")
  holds group "${BASE#/sys/fs/cgroup}/user.slice/secure-mine.scope" "$group"
  holds pids.max 19 "$(cat "/sys/fs/cgroup$group/pids.max")"
  holds memory.max 33554432 "$(cat "/sys/fs/cgroup$group/memory.max")"
  holds exec 0::/ "$(as_user exec mine cat /proc/self/cgroup)"
  as_user update --pids-limit 21 mine
  holds pids.max 21 "$(cat "/sys/fs/cgroup$group/pids.max")"
  as_user delete --force mine
  [ ! -e "/sys/fs/cgroup$group" ] || fail 'the group is left'
  # From a login that is in no group of the user's the kernel lets nobody in.
  refused 1 'systemd-run --user --scope' /lab/bin/nsenter -t 1 -m -S 1000 -G 1000 env -i XDG_RUNTIME_DIR=/run/user/1000 PATH=/bin \
    secure-runtime --root /run/user/1000/oci --systemd-cgroup run --bundle /var/tmp/lab-user outside
  until_true test ! -e "/sys/fs/cgroup$group"
}
