# SPDX-License-Identifier: Apache-2.0
# forms: v2 apparmor selinux
# The command line as a user types it: what its built-in policies demand holds on this kernel, or the container is refused.

# Prints what a container has, a line for each.
facts='
  grep -E "^(CapEff|NoNewPrivs|Seccomp):" /proc/self/status
  echo "map $(cat /proc/self/uid_map)"
  echo "label $(cat /proc/self/attr/current | tr -d "\0")"
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

apparmor() { [ -e /sys/kernel/security/apparmor/profiles ]; }
selinux() { [ -e /sys/fs/selinux/enforce ]; }

# labelled TEXT: with what the host enforces
labelled() {
  ! apparmor || expect '^label secure-[0-9a-f]{16} \(enforce\)$' "$1"
  ! selinux || expect '^label system_u:system_r:secure\.container\.process:s0:c[0-9]+,c[0-9]+$' "$1"
}

test_default_holds() {
  text=$(secured --profile default)
  hardened "$text"
  labelled "$text"
}

test_strict_holds() {
  text=$(secured --profile strict --trust)
  hardened "$text"
  labelled "$text"
  expect '^CapEff:.*0000000000000000$' "$text"
}

test_without_a_profile_for_containers_they_are_refused() {
  if apparmor; then
    mv /usr/sbin/apparmor_parser /usr/sbin/gone
    trap 'mv /usr/sbin/gone /usr/sbin/apparmor_parser' EXIT
    refused 125 'CONTROL_UNAVAILABLE.*lsm' secured --profile default
  fi
}

test_what_is_enforced_is_read_back() {
  secured --profile default >/dev/null
  secure run -d --network none --name proven --profile default busybox sleep 600 >/dev/null
  trap 'secure rm --force proven >/dev/null' EXIT
  secure inspect --enforced --json proven >/tmp/proof
  # What was not planned is told, too.
  ! tr -d ' \n' </tmp/proof | grep -qE '"inForce":false,[^}]*"required":true' || fail "$(cat /tmp/proof)"
  for control in user-namespace seccomp no-new-privileges capabilities memory pids lsm; do
    expect "$control" "$(cat /tmp/proof)"
  done
}

test_an_apparmor_profile_of_a_plan_holds_alone() {
  apparmor || return 0
  secured --profile default >/dev/null
  secure run --dry-run --json --network none --profile default --tmpfs '/var/a "b" *{c}' busybox sh >/tmp/plan.json
  node=$(echo /opt/secure/node_modules/node-linux-*/bin/node)
  text=$("$node" -p 'JSON.parse(require("fs").readFileSync(0)).secure.apparmor' </tmp/plan.json)
  name=$(printf '%s' "$text" | sed -n '1s/profile \([^ ]*\) .*/\1/p')
  features=/sys/kernel/security/apparmor/features
  printf '%s\n' "$text" | apparmor_parser --replace -K -M "$features" --kernel-features "$features"
  # Nothing else in its way: a writable root, every capability of a container that may mount.
  CAPS='"CAP_SYS_ADMIN","CAP_CHOWN","CAP_DAC_OVERRIDE","CAP_FOWNER","CAP_NET_RAW"'
  PROCESS=",\"apparmorProfile\":\"$name\""
  odd='/var/a "b" *{c}'
  bundle /var/tmp/alone sh /probe
  mkdir -p "/var/tmp/alone/rootfs$odd" '/var/tmp/alone/rootfs/var/a "b" xc'
  cat >/var/tmp/alone/rootfs/probe <<'END'
    echo x >'/var/a "b" *{c}/x' && echo wrote-odd
    echo x >'/var/a "b" xc/x' && echo wrote-like-odd
    echo x >/tmp/x && echo wrote-tmp
    echo x >/etc/x && echo wrote-etc
    echo x >/proc/self/oom_score_adj && echo wrote-proc
    mount -t tmpfs none /tmp && echo mounted
    umount /sys && echo unmounted
    chown 1 /tmp/x && echo chowned
    cat /etc/passwd >/dev/null; ls / >/dev/null && echo listed
    echo x >/dev/null && echo nothing
    echo end
END
  text=$(secure-runtime run --bundle /var/tmp/alone lab-alone 2>/tmp/alone) || fail "$(cat /tmp/alone)"
  rm -rf /var/tmp/alone
  printf %s "$name" >/sys/kernel/security/apparmor/.remove
  for what in wrote-odd wrote-tmp chowned listed nothing end; do expect "^$what\$" "$text"; done
  ! printf '%s\n' "$text" | grep -E '^(wrote-etc|wrote-proc|mounted|unmounted|wrote-like-odd)$' || fail "$text"
}
