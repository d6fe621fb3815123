# SPDX-License-Identifier: Apache-2.0
# forms: all
# A plain bundle runs on this kernel.

test_a_container_prints_and_ends_with_its_code() {
  [ "$(inside echo hello)" = hello ] || fail 'no output'
  code=0
  inside sh -c 'exit 7' || code=$?
  [ "$code" = 7 ] || fail "exit code $code"
}

test_the_container_has_its_own_names_and_processes() {
  text=$(inside sh -c 'hostname; echo $$; ls /proc | grep -c "^[0-9]"')
  expect '^inside$' "$text"
  expect '^1$' "$text"
}
