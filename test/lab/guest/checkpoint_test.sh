# SPDX-License-Identifier: Apache-2.0
# forms: v2 plain
# checkpoint and restore through CRIU: what ran goes on where it was, as confined as before, or nothing is left.

IMAGES=/var/tmp/lab-images

# counting: a container that counts into /tmp/n, from the shell's own memory
counting() {
  CRIU_BUNDLE=/var/tmp/lab-criu ID=lab-criu
  bundle "$CRIU_BUNDLE" sh -c 'i=0; while :; do i=$((i+1)); echo $i >/tmp/n; sleep 0.1; done'
}
begin() {
  trap 'secure-runtime delete --force "$ID"; rm -rf "$CRIU_BUNDLE" "$IMAGES" "$IMAGES".*' EXIT
  secure-runtime run --detach --bundle "$CRIU_BUNDLE" "$ID" </dev/null
  until_true test -s "$CRIU_BUNDLE/rootfs/tmp/n"
}
count() { cat "$CRIU_BUNDLE/rootfs/tmp/n"; }
status() { secure-runtime state "$ID" | sed -n 's/.*"status": *"\([a-z]*\)".*/\1/p'; }
past() { [ "$(count)" -gt "$1" ]; }
# done_by COMMAND...: it has to succeed; otherwise the end of criu's log is shown
done_by() {
  "$@" 2>/run/lab-said && return
  tail -15 "$IMAGES"/*.log || true
  fail "$*: $(cat /run/lab-said)"
}

test_what_was_counted_goes_on() {
  counting
  begin
  until_true past 3
  done_by secure-runtime checkpoint --image-path "$IMAGES" "$ID"
  if secure-runtime state "$ID" 2>/dev/null; then fail 'it is still there'; fi
  before=$(count)
  done_by secure-runtime restore --detach --bundle "$CRIU_BUNDLE" --image-path "$IMAGES" --pid-file "$CRIU_BUNDLE/pid" "$ID" </dev/null
  [ "$(status)" = running ] || fail "$(status)"
  until_true past "$before"
  # From its own memory, not from the start.
  [ "$(count)" -lt $((before + 60)) ] || fail "$before, then $(count)"
  [ "$(secure-runtime exec "$ID" hostname)" = inside ]
}
