# SPDX-License-Identifier: Apache-2.0
# forms: v2 apparmor
# cgroup v2 has no devices controller: a program in the kernel decides.

# Of the guest's own disk.
numbers='259 0'

test_a_device_that_is_not_listed_is_neither_made_nor_opened() {
  RESOURCES=
  text=$(inside sh -c "mknod /dev/disk b $numbers; head -c 1 /dev/disk; echo end" 2>&1)
  expect 'mknod.*Operation not permitted|head: .*(Operation not permitted|No such file)' "$text"
  expect '^end$' "$text"
}

test_making_is_not_opening() {
  RESOURCES=',"x":0'
  dir=/var/tmp/lab-mknod
  bundle "$dir" sh -c "mknod /tmp/disk b $numbers && echo made; head -c 1 /tmp/disk"
  sed -i 's/"devices":\[/&{"allow":true,"type":"b","access":"m"},/; s/\({"allow":true,"type":"b","access":"m"}\),\({"allow":false,"access":"rwm"}\)/\2,\1/; s/,"x":0//' "$dir/config.json"
  text=$(secure-runtime run --bundle "$dir" lab-mknod 2>&1) || true
  rm -rf "$dir"
  expect '^made$' "$text"
  expect 'head: .*Operation not permitted' "$text"
}

test_the_usual_devices_work() {
  [ "$(inside sh -c 'head -c 3 /dev/zero | wc -c; echo x >/dev/null; head -c 4 /dev/urandom | wc -c' | tr '\n' ' ')" = '3 4 ' ]
}

test_a_process_of_exec_has_the_same_filter() {
  started sleep 100
  text=$(secure-runtime exec "$ID" sh -c "mknod /tmp/disk b $numbers" 2>&1) && fail 'the node was made'
  expect 'Operation not permitted' "$text"
}
