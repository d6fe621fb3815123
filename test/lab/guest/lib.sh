# SPDX-License-Identifier: Apache-2.0
# What tests of the guest share. Tests run under `sh -eu`: a command that fails ends the test.

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

# expect PATTERN TEXT: an extended regular expression that has to be in the text
expect() {
  printf '%s\n' "$2" | grep -qE -- "$1" || fail "expected /$1/ in: $2"
}

# refused CODE PATTERN COMMAND...: it has to end with the code and say so
refused() {
  refused_code=$1 refused_pattern=$2
  shift 2
  refused_got=0
  refused_text=$("$@" 2>&1) || refused_got=$?
  [ "$refused_got" = "$refused_code" ] || fail "exit code $refused_got instead of $refused_code: $refused_text"
  expect "$refused_pattern" "$refused_text"
}

# bundle DIRECTORY COMMAND...: a busybox root file system and a config for it. These variables change the config:
#   PROCESS, LINUX, TOP  members to add, each with a comma before it: PROCESS=',"apparmorProfile":"x"'
#   RESOURCES            of linux.resources
#   DEVICES              rules after the one that denies all, each with a comma before it
#   CAPS                 names with quotes and commas
bundle() {
  bundle_dir=$1
  shift
  mkdir -p "$bundle_dir"
  if [ ! -d "$bundle_dir/rootfs" ]; then
    for bundle_name in bin dev etc proc sys tmp; do mkdir -p "$bundle_dir/rootfs/$bundle_name"; done
    cp -p /bin/busybox "$bundle_dir/rootfs/bin/busybox"
    for bundle_name in sh cat ls mv stat true false mknod sleep wc grep hostname readlink id mount umount dd touch echo head tail; do
      ln -s busybox "$bundle_dir/rootfs/bin/$bundle_name"
    done
  fi
  bundle_args=
  for bundle_word in "$@"; do
    bundle_word=$(printf '%s' "$bundle_word" | sed 's/[\\"]/\\&/g')
    bundle_args="$bundle_args${bundle_args:+,}\"$bundle_word\""
  done
  bundle_caps=${CAPS-'"CAP_CHOWN","CAP_DAC_OVERRIDE","CAP_FOWNER","CAP_KILL","CAP_MKNOD","CAP_SETGID","CAP_SETUID"'}
  cat >"$bundle_dir/config.json" <<END
{"ociVersion":"1.2.0",
 "process":{"user":{"uid":0,"gid":0},"args":[$bundle_args],"env":["PATH=/bin"],"cwd":"/","noNewPrivileges":true,
  "capabilities":{"bounding":[$bundle_caps],"effective":[$bundle_caps],"permitted":[$bundle_caps]}${PROCESS-}},
 "root":{"path":"rootfs"},"hostname":"inside",
 "mounts":[
  {"destination":"/proc","type":"proc","source":"proc","options":["nosuid","noexec","nodev"]},
  {"destination":"/dev","type":"tmpfs","source":"tmpfs","options":["nosuid","mode=755"]},
  {"destination":"/sys","type":"sysfs","source":"sysfs","options":["nosuid","noexec","nodev","ro"]}${MOUNTS-}],
 "linux":{"namespaces":[{"type":"pid"},{"type":"network"},{"type":"ipc"},{"type":"uts"},{"type":"mount"},{"type":"cgroup"}],
  "resources":{"devices":[{"allow":false,"access":"rwm"}${DEVICES-}]${RESOURCES-}},
  "maskedPaths":["/proc/kcore"],"readonlyPaths":["/proc/sys"]${LINUX-}}${TOP-}}
END
}

# inside COMMAND...: run it to its end in a new container
inside() {
  inside_dir=$(mktemp -d)
  bundle "$inside_dir" "$@"
  inside_code=0
  secure-runtime run --bundle "$inside_dir" "lab-$$-${inside_dir##*.}" || inside_code=$?
  rm -rf "$inside_dir"
  return "$inside_code"
}

# started COMMAND...: a container that runs in the background: $ID, $PID, and $GROUP (on v2), until the test ends
started() {
  ID=lab-$$ BUNDLE=/var/tmp/lab-$$
  bundle "$BUNDLE" "$@"
  trap 'secure-runtime delete --force "$ID"; rm -rf "$BUNDLE"' EXIT
  secure-runtime create --bundle "$BUNDLE" --pid-file "$BUNDLE/pid" "$ID"
  PID=$(cat "$BUNDLE/pid")
  GROUP=/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$PID/cgroup")
  secure-runtime start "$ID"
}

# until_true COMMAND...: at most ten seconds
until_true() {
  for _ in $(seq 100); do
    "$@" && return
    sleep 0.1
  done
  fail "never true: $*"
}
