# SPDX-License-Identifier: Apache-2.0
# forms: v2 plain
# What this kernel does not have is said, and nothing is left of the container.

test_an_apparmor_profile_without_apparmor() {
  PROCESS=',"apparmorProfile":"docker-default"'
  bundle /var/tmp/missing true
  refused 1 'apparmorProfile' secure-runtime run --bundle /var/tmp/missing lab-missing
  rm -rf /var/tmp/missing
}

test_unconfined_is_no_profile() {
  PROCESS=',"apparmorProfile":"unconfined"'
  inside true
}

test_a_selinux_label_without_selinux() {
  PROCESS=',"selinuxLabel":"system_u:system_r:container_t:s0:c1,c2"'
  bundle /var/tmp/missing true
  refused 1 'selinuxLabel' secure-runtime run --bundle /var/tmp/missing lab-missing
  rm -rf /var/tmp/missing
}

test_a_mount_label_without_selinux_is_a_warning() {
  LINUX=',"mountLabel":"system_u:object_r:container_file_t:s0:c1,c2"'
  expect 'mountLabel: SELinux is not enabled' "$(inside true 2>&1)"
}
