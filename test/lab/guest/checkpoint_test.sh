# SPDX-License-Identifier: Apache-2.0
# forms: v2 plain
# checkpoint and restore through CRIU: what ran goes on where it was, as confined as before.
. /lab/guest/criu.sh

test_what_was_counted_goes_on() {
  counting
  until_true past 3
  dump
  gone
  goes_on --pid-file "$CRIU_BUNDLE/pid"
  [ "$(cat "$CRIU_BUNDLE/pid")" = "$(pid)" ]
  [ "$(secure-runtime exec "$ID" hostname)" = inside ]
  # Once more, with what exec has started meanwhile.
  secure-runtime exec "$ID" sh -c 'sleep 1000 </dev/null >/dev/null 2>&1 &'
  dump --work-path /var/tmp/lab-work
  [ -s /var/tmp/lab-work/dump.log ]
  goes_on
  expect 'sleep 1000' "$(secure-runtime ps "$ID" | cat; for p in /proc/[0-9]*; do tr '\0' ' ' <$p/cmdline; echo; done)"
}

test_as_confined_as_before() {
  CAPS='"CAP_KILL","CAP_CHOWN"'
  PROCESS=',"rlimits":[{"type":"RLIMIT_NOFILE","soft":77,"hard":99}],"oomScoreAdj":33'
  LINUX=',"uidMappings":[{"containerID":0,"hostID":100000,"size":65536}],"gidMappings":[{"containerID":0,"hostID":100000,"size":65536}],
    "sysctl":{"net.ipv4.ping_group_range":"0 7","kernel.msgmax":"8000"},
    "seccomp":{"defaultAction":"SCMP_ACT_ALLOW","architectures":["SCMP_ARCH_X86_64"],"syscalls":[{"names":["mkdir"],"action":"SCMP_ACT_ERRNO","errnoRet":77}]}'
  RESOURCES=',"memory":{"limit":100000000},"pids":{"limit":40}'
  MOUNTS=',{"destination":"/tmp","type":"bind","source":"/var/tmp/lab-tmp","options":["rbind","nosuid","nodev"]},
    {"destination":"/etc/one","type":"bind","source":"/var/tmp/lab-one","options":["bind","ro"]},
    {"destination":"/dev/pts","type":"devpts","source":"devpts","options":["newinstance","ptmxmode=0666","mode=0620"]},
    {"destination":"/dev/shm","type":"tmpfs","source":"shm","options":["nosuid","noexec","nodev","mode=1777","size=65536k"]},
    {"destination":"/dev/mqueue","type":"mqueue","source":"mqueue","options":["nosuid","noexec","nodev"]},
    {"destination":"/sys/fs/cgroup","type":"cgroup","source":"cgroup","options":["nosuid","noexec","nodev","ro"]}'
  bundle "$CRIU_BUNDLE" sh -c "echo kept >/dev/shm/kept; $COUNT"
  sed -i -e 's/{"type":"pid"}/{"type":"pid"},{"type":"user"}/' -e 's/"path":"rootfs"/"path":"rootfs","readonly":true/' \
    -e 's#"maskedPaths":\[#"maskedPaths":["/proc/acpi","/proc/keys",#' "$CRIU_BUNDLE/config.json"
  chown -R 100000:100000 "$CRIU_BUNDLE/rootfs"
  mkdir /var/tmp/lab-tmp && chown 100000 /var/tmp/lab-tmp && echo one >/var/tmp/lab-one
  count() { cat /var/tmp/lab-tmp/n 2>/dev/null || true; }
  begin
  facts() {
    sed -n '/^\(Uid\|Gid\|Groups\|Cap...\|NoNewPrivs\|Seccomp\|Seccomp_filters\):/p' "/proc/$1/status"
    cat "/proc/$1/uid_map" "/proc/$1/oom_score_adj"
    grep -E 'open files|processes' "/proc/$1/limits"
    sed 's/[0-9]* [0-9]* [0-9]*:[0-9]* //; s/ shared:[0-9]*//; s/ - .*//' "/proc/$1/mountinfo" | sort
    cat "/proc/$1/cgroup"
    for ns in user pid mnt net ipc uts cgroup; do
      [ "$(readlink "/proc/$1/ns/$ns")" = "$(readlink "/proc/self/ns/$ns")" ] && echo "the host's $ns"
    done
    secure-runtime exec "$ID" sh -c 'cat /proc/sys/net/ipv4/ping_group_range /proc/sys/kernel/msgmax /dev/shm/kept /etc/one; mkdir /tmp/x 2>&1; echo x 2>&1 >/new; ls -ld /proc/acpi /proc/keys /dev/null; cat /proc/self/cgroup' 2>&1
    cat "/sys/fs/cgroup/$ID.nothing" /sys/fs/cgroup/secure-oci-$ID/memory.max /sys/fs/cgroup/secure-oci-$ID/pids.max /sys/fs/cgroup/memory/secure-oci-$ID/memory.limit_in_bytes /sys/fs/cgroup/pids/secure-oci-$ID/pids.max 2>/dev/null
  }
  facts "$(pid)" >/run/lab-facts-before || true
  dump
  goes_on
  facts "$(pid)" >/run/lab-facts-after || true
  diff /run/lab-facts-before /run/lab-facts-after || fail 'it is not as it was'
  expect 'Seccomp:.2' "$(cat /run/lab-facts-after)"
  expect 'NoNewPrivs:.1' "$(cat /run/lab-facts-after)"
  [ "$(wc -l </run/lab-facts-after)" -gt 30 ] || fail "$(cat /run/lab-facts-after)"
}

test_standard_streams() {
  bundle "$CRIU_BUNDLE" sh -c 'while read -r line; do echo "heard $line"; echo "and $line" >&2; done; echo end; sleep 1000'
  with_the_hosts_network
  trap 'secure-runtime delete --force "$ID" 2>/dev/null; rm -rf /var/tmp/lab-*' EXIT
  { echo first; sleep 4; } | secure-runtime run --detach --bundle "$CRIU_BUNDLE" "$ID" 2>&1 | cat >/var/tmp/lab-out &
  until_true grep -q 'and first' /var/tmp/lab-out
  dump
  # Other pipes take the place of those.
  { echo second; sleep 1; } | secure-runtime restore --detach --bundle "$CRIU_BUNDLE" --image-path "$IMAGES" "$ID" 2>&1 | cat >/var/tmp/lab-out2 &
  until_true grep -q 'heard second' /var/tmp/lab-out2
  until_true grep -q end /var/tmp/lab-out2
  [ "$(cat /var/tmp/lab-out2)" = "$(printf 'heard second\nand second\nend')" ] || fail "$(cat /var/tmp/lab-out2)"
}

test_terminal() {
  PROCESS=',"terminal":true'
  MOUNTS=',{"destination":"/dev/pts","type":"devpts","source":"devpts","options":["newinstance","ptmxmode=0666","mode=0620"]}'
  bundle "$CRIU_BUNDLE" sh -c "$COUNT & while :; do echo tick >/dev/tty; echo tock >/dev/console; sleep 0.2; done"
  trap 'secure-runtime delete --force "$ID" 2>/dev/null; rm -rf /var/tmp/lab-*' EXIT
  secure-runtime run --bundle "$CRIU_BUNDLE" "$ID" </dev/null >/var/tmp/lab-out 2>&1 &
  until_true past 0
  until_true grep -q tock /var/tmp/lab-out
  dump
  wait
  before=$(count)
  secure-runtime restore --bundle "$CRIU_BUNDLE" --image-path "$IMAGES" "$ID" </dev/null >/var/tmp/lab-out2 2>&1 &
  until_true grep -q tick /var/tmp/lab-out2
  until_true grep -q tock /var/tmp/lab-out2
  until_true past "$before"
  secure-runtime kill "$ID" KILL
  code=0
  wait $! || code=$?
  [ "$code" = 137 ] || fail "exit code $code: $(cat /var/tmp/lab-out2)"
  gone
  refused 1 'console-socket' secure-runtime restore --detach --bundle "$CRIU_BUNDLE" --image-path "$IMAGES" "$ID"
}
