# SPDX-License-Identifier: Apache-2.0
# forms: v2 apparmor selinux
# The command line as a user types it: what its built-in policies demand holds on this kernel, or the container is refused.

# Prints what a container has, a line for each.
facts='
  grep -E "^(CapEff|NoNewPrivs|Seccomp):" /proc/self/status
  echo "map $(cat /proc/self/uid_map)"
  touch /etc/made 2>/dev/null && echo wrote
  touch /tmp/made && echo tmp
  unshare -U true 2>/dev/null && echo nested
  echo done'

# secured OPTION...: run the above
secured() {
  [ -e /tmp/imported ] || secure image import /lab/busybox --name busybox >/dev/null
  touch /tmp/imported
  secure run --rm --network none "$@" busybox sh -c "$facts"
}

# hardened TEXT
hardened() {
  expect '^NoNewPrivs:.*1$' "$1"
  expect '^Seccomp:.*2$' "$1"
  expect '^map +0 +[1-9][0-9]{4,} +65536$' "$1"
  expect '^tmp$' "$1"
  expect '^done$' "$1"
  ! printf '%s' "$1" | grep -qE '^(wrote|nested)$' || fail "not hardened: $1"
}

enforces() { [ "$(cat /sys/fs/selinux/enforce 2>/dev/null)" = 1 ] || [ -e /sys/kernel/security/apparmor/profiles ]; }

# What a host that enforces AppArmor or SELinux demands is a profile; the policy can be told to only wish for one.
wishing() {
  printf 'apiVersion: secure/v1\nkind: Policy\nmetadata: { name: wishing }\nextends: [%s]\nrun: { lsm: wished }\n' "$1" >/tmp/wishing.yaml
  echo /tmp/wishing.yaml
}

test_default_holds() {
  if enforces; then
    refused 125 'CONTROL_UNAVAILABLE.*lsm' secured --profile default
    hardened "$(secured --profile "$(wishing default)")"
  else
    hardened "$(secured --profile default)"
  fi
}

test_strict_holds() {
  if enforces; then
    refused 125 'CONTROL_UNAVAILABLE.*lsm' secured --profile strict --trust
    # Nothing to name where it is SELinux.
    [ -e /sys/kernel/security/apparmor/profiles ] || return 0
    printf 'profile lab-all flags=(attach_disconnected) { file, capability, network, mount, umount, pivot_root, signal, unix, }' >/tmp/lab-all
    apparmor_parser -K --replace /tmp/lab-all
    set -- --security-opt apparmor=lab-all
  fi
  text=$(secured --profile strict --trust "$@")
  hardened "$text"
  expect '^CapEff:.*0000000000000000$' "$text"
}

test_what_is_enforced_is_read_back() {
  profile=default
  enforces && profile=$(wishing default)
  secured --profile "$profile" >/dev/null
  secure run -d --network none --name proven --profile "$profile" busybox sleep 600 >/dev/null
  trap 'secure rm --force proven >/dev/null' EXIT
  secure inspect --enforced --json proven >/tmp/proof
  # What was not planned is told, too.
  ! tr -d ' \n' </tmp/proof | grep -qE '"inForce":false,[^}]*"required":true' || fail "$(cat /tmp/proof)"
  for control in user-namespace seccomp no-new-privileges capabilities memory pids; do
    expect "$control" "$(cat /tmp/proof)"
  done
}
