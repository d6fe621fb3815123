# SPDX-License-Identifier: Apache-2.0
# forms: v2 apparmor selinux
# `secure probe` on this kernel: the program gets into a container that a security module confines, and says so.

apparmor() { [ -e /sys/kernel/security/apparmor/profiles ]; }
selinux() { [ -e /sys/fs/selinux/enforce ]; }

# probed PROFILE OPTION...: the comparison of one container of it, and its report
probed() {
  profile=$1
  shift
  [ -e /tmp/imported ] || secure image import /lab/busybox --name busybox >/dev/null
  touch /tmp/imported
  secure run -d --network none --name "probed-$profile" --profile "$profile" "$@" busybox sleep 600 >/dev/null
  trap 'secure rm -f "probed-$profile" >/dev/null' EXIT
  table=$(secure probe --compare "probed-$profile")
  report=$(secure probe --fail-on none "probed-$profile")
}

test_strict_leaves_nothing_open() {
  probed strict --trust
  expect '^user inside +65532$' "$table"
  expect '^seccomp filters +[1-9]$' "$table"
  expect '^namespaces of the host +none$' "$table"
  expect '^mount +EPERM$' "$table"
  ! apparmor || expect '^security label +secure-[0-9a-f]{16} \(enforce\)$' "$table"
  ! selinux || expect '^security label +system_u:system_r:secure\.container\.process:s0:c[0-9]+,c[0-9]+$' "$table"
  expect '^probe probed-strict: score 100:' "$report"
}

test_default_gives_no_way_out() {
  probed default
  expect '^user inside +0$' "$table"
  expect '^probe probed-default: score 9[0-9]:' "$report"
  ! printf '%s' "$report" | grep -qE '^  (CRITICAL|HIGH|NOT DECIDED|UNKNOWN)' || fail "a way out, or not decided: $report"
}
