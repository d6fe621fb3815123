# SPDX-License-Identifier: Apache-2.0
# forms: all
# The commands of an OCI runtime, without systemd.

status() { secure-runtime state "$ID" | sed -n 's/.*"status": *"\([a-z]*\)".*/\1/p'; }

test_create_start_state_kill_delete() {
  ID=lab-$$ BUNDLE=/var/tmp/lab-$$
  bundle "$BUNDLE" sleep 100
  secure-runtime create --bundle "$BUNDLE" "$ID"
  [ "$(status)" = created ] || fail "$(status)"
  secure-runtime start "$ID"
  [ "$(status)" = running ] || fail "$(status)"
  if secure-runtime delete "$ID" 2>/dev/null; then fail 'a running container was deleted'; fi
  secure-runtime kill "$ID" KILL
  stopped() { [ "$(status)" = stopped ]; }
  until_true stopped
  secure-runtime delete "$ID"
  if secure-runtime state "$ID" 2>/dev/null; then fail 'it is still there'; fi
  rm -rf "$BUNDLE"
}

test_exec_joins_the_container() {
  started sleep 100
  [ "$(secure-runtime exec "$ID" hostname)" = inside ]
  expect 'sleep 100' "$(secure-runtime exec "$ID" sh -c 'cat /proc/1/cmdline | tr "\0" " "' 2>&1 || secure-runtime exec "$ID" cat /proc/1/cmdline)"
  code=0
  secure-runtime exec "$ID" sh -c 'exit 9' || code=$?
  [ "$code" = 9 ] || fail "exit code $code"
  # Of its cgroup, too.
  [ "$(secure-runtime exec "$ID" cat /proc/self/cgroup)" = "$(secure-runtime exec "$ID" cat /proc/1/cgroup)" ]
}

test_delete_force_ends_every_process() {
  started sh -c 'sleep 1000 & sleep 1000 & sleep 1000'
  secure-runtime delete --force "$ID"
  trap - EXIT
  rm -rf "$BUNDLE"
  # That nothing is left is looked at after each test.
}
