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
