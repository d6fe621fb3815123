# SPDX-License-Identifier: Apache-2.0
# What tests of checkpoint and restore share.

IMAGES=/var/tmp/lab-images CRIU_BUNDLE=/var/tmp/lab-criu ID=lab-criu
COUNT='i=0; while :; do i=$((i+1)); echo $i >/tmp/m; mv /tmp/m /tmp/n; sleep 0.1; done'

# begin: what bundle() has described, running, with the files of /var/tmp/lab-* removed when the test ends
begin() {
  trap 'secure-runtime delete --force "$ID" 2>/dev/null; rm -rf /var/tmp/lab-*' EXIT
  secure-runtime run --detach --bundle "$CRIU_BUNDLE" "$ID" </dev/null >/dev/null 2>&1
  until_true past 0
}
# with_the_hosts_network: what takes CRIU most of its time here is a network namespace
with_the_hosts_network() { sed -i 's/{"type":"network"},//' "$CRIU_BUNDLE/config.json"; }
# counting: a container that counts into /tmp/n, which is whole at any moment, from the shell's own memory
counting() {
  bundle "$CRIU_BUNDLE" sh -c "$COUNT"
  with_the_hosts_network
  begin
}
count() { cat "$CRIU_BUNDLE/rootfs/tmp/n" 2>/dev/null || true; }
past() { [ "$(count)" -gt "$1" ] 2>/dev/null; }
status() { secure-runtime state "$ID" | sed -n 's/.*"status": *"\([a-z]*\)".*/\1/p'; }
pid() { secure-runtime state "$ID" | sed -n 's/.*"pid": *\([0-9]*\).*/\1/p'; }

# done_by COMMAND...: it has to succeed; otherwise the end of criu's log is shown
done_by() {
  "$@" >/dev/null 2>/run/lab-said && return
  grep -h -B8 Error "$IMAGES"/*.log | tail -40 || true
  fail "$*: $(cat /run/lab-said)"
}
dump() { done_by secure-runtime checkpoint --image-path "$IMAGES" "$@" "$ID"; }
again() { done_by secure-runtime restore --detach --bundle "$CRIU_BUNDLE" --image-path "$IMAGES" "$@" "$ID" </dev/null; }
# goes_on: it counts on from where it was, not from the start
goes_on() {
  before=$(count)
  again "$@"
  [ "$(status)" = running ] || fail "$(status)"
  until_true past "$before"
  [ "$(count)" -lt $((before + 100)) ] || fail "$before, then $(count)"
}
# refused_to_file: as refused, with no pipe for a stream that was none
refused_to_file() {
  code=0
  (shift 2; "$@" </dev/null >/dev/null 2>/run/lab-refused) || code=$?
  [ "$code" = "$1" ] || fail "exit code $code: $(cat /run/lab-refused)"
  expect "$2" "$(cat /run/lab-refused)"
}
gone() { if secure-runtime state "$ID" 2>/dev/null; then fail 'it is still there'; fi; }
