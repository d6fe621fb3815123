# SPDX-License-Identifier: Apache-2.0
# forms: apparmor
# Profiles of a bundle, compiled here: with the features of another kernel they would lose mediation without a word.

features=/sys/kernel/security/apparmor/features

# profile NAME < RULES: load it until the test ends
profile() {
  { echo "profile $1 flags=(attach_disconnected) {"; cat; echo '}'; } >/tmp/profile
  apparmor_parser -Q -K -M "$features" --kernel-features "$features" -o /tmp/profile.bin /tmp/profile
  cat /tmp/profile.bin >/sys/kernel/security/apparmor/.replace
  rm -f /tmp/profile /tmp/profile.bin
}
unload() { printf %s "$1" >/sys/kernel/security/apparmor/.remove; }

wide='file, capability, network, umount, mount, signal, ptrace, unix,'

test_the_profile_is_on_the_process() {
  echo "$wide" | profile lab-wide
  PROCESS=',"apparmorProfile":"lab-wide"'
  [ "$(inside cat /proc/self/attr/current)" = 'lab-wide (enforce)' ] || fail "$(inside cat /proc/self/attr/current)"
  unload lab-wide
}

test_without_a_profile_it_is_unconfined() {
  [ "$(inside cat /proc/self/attr/current)" = unconfined ]
}

test_a_denied_file_cannot_be_written() {
  echo "$wide deny /tmp/secret* w," | profile lab-deny
  PROCESS=',"apparmorProfile":"lab-deny"'
  text=$(inside sh -c 'echo x >/tmp/open && echo wrote; echo x >/tmp/secret; echo end' 2>&1)
  expect '^wrote$' "$text"
  expect 'secret: Permission denied' "$text"
  unload lab-deny
}

test_a_denied_mount_is_denied() {
  # The rule that was lost in a profile compiled elsewhere.
  CAPS='"CAP_SYS_ADMIN"'
  inside mount -t tmpfs none /tmp
  echo "file, capability, network, umount, signal, ptrace, unix, deny mount," | profile lab-mount
  PROCESS=',"apparmorProfile":"lab-mount"'
  expect 'Permission denied|permission denied' "$(inside mount -t tmpfs none /tmp 2>&1 || true)"
  unload lab-mount
}

test_a_process_of_exec_is_confined_too() {
  echo "$wide deny /tmp/secret* w," | profile lab-exec
  PROCESS=',"apparmorProfile":"lab-exec"'
  started sleep 100
  [ "$(secure-runtime exec "$ID" cat /proc/self/attr/current)" = 'lab-exec (enforce)' ]
  if secure-runtime exec "$ID" sh -c 'echo x >/tmp/secret' 2>/dev/null; then fail 'it wrote'; fi
  unload lab-exec
}

test_a_profile_that_is_not_loaded_is_an_error() {
  PROCESS=',"apparmorProfile":"lab-none"'
  bundle /var/tmp/none true
  refused 1 "apparmorProfile.*'lab-none'" secure-runtime run --bundle /var/tmp/none lab-none
  rm -rf /var/tmp/none
}

test_a_name_cannot_hold_a_second_command() {
  PROCESS=',"apparmorProfile":"lab wide"'
  bundle /var/tmp/name true
  refused 1 apparmorProfile secure-runtime run --bundle /var/tmp/name lab-name
  rm -rf /var/tmp/name
}

# compiled LSM: a policy as `secure policy compile` writes it, that asks for nothing but that; printed is its directory
compiled() {
  mkdir -p /var/tmp/policy.d
  cat >/var/tmp/policy.json <<END
{"format":"secure/engines/1","name":"lab","product":"0","architecture":"any","log":"/var/tmp/policy.log","user":{"namespace":"off","nonRoot":false},"hostNamespaces":[],
"capabilities":{"allowed":["CAP_CHOWN","CAP_DAC_OVERRIDE","CAP_FOWNER","CAP_KILL","CAP_MKNOD","CAP_SETGID","CAP_SETUID"],"usual":[]},"noNewPrivileges":true,"filter":null,
"landlock":{"files":"off","ioctl":"off","ports":"off","scopes":"off","listen":null,"connect":null,"rights":[],"scopeNames":[],"nodes":[],"abi":{"files":2,"ioctl":5,"ports":4,"scopes":6}},
"lsm":"$1","root":{"readOnly":false,"writable":[],"noexec":false},"mounts":{"sources":["/**"],"deny":["/"],"denyAsRoot":[],"readOnly":false,"roots":[],"own":[],"ownRoots":[]},
"devices":{"allowed":[],"rules":[{"allow":false,"access":"rwm"}],"usual":[]},"maskedPaths":[],"readonlyPaths":[],"limits":{"memory":null,"pids":null,"cpu":null},"rlimits":[],"origins":{}}
END
  digest=$(sha256sum /var/tmp/policy.json | cut -d' ' -f1)
  mv /var/tmp/policy.json "/var/tmp/policy.d/$digest.json"
  echo "sha256:$digest" >/var/tmp/policy.d/current
  echo /var/tmp/policy.d
}

test_a_policy_underneath_an_engine_wants_a_profile_that_is_enforced() {
  directory=$(compiled required-where-enforced)
  echo "$wide" | profile lab-policy
  bundle /var/tmp/policy cat /proc/self/attr/current
  refused 1 'not confined by AppArmor' secure-runtime --policy "$directory" run --bundle /var/tmp/policy lab-policy
  # What the kernel takes for unconfined as well.
  for name in unconfined '\tunconfined' lab-none 'lab-policy (enforce)\nx'; do
    PROCESS=",\"apparmorProfile\":\"$name\""
    bundle /var/tmp/policy cat /proc/self/attr/current
    refused 1 'not confined by AppArmor' secure-runtime --policy "$directory" run --bundle /var/tmp/policy lab-policy
  done
  PROCESS=',"apparmorProfile":"lab-policy"'
  bundle /var/tmp/policy cat /proc/self/attr/current
  [ "$(secure-runtime --policy "$directory" run --bundle /var/tmp/policy lab-policy)" = 'lab-policy (enforce)' ]
  unload lab-policy
  rm -rf /var/tmp/policy /var/tmp/policy.d /var/tmp/policy.log
}
