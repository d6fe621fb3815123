# SPDX-License-Identifier: Apache-2.0
# forms: plain
# Without Landlock nothing that came from elsewhere is unpacked.

test_an_image_is_not_unpacked() {
  refused 2 'CONTROL_UNAVAILABLE.*no Landlock to confine the extraction' secure image import /lab/busybox --name busybox
  ! secure image inspect busybox >/dev/null 2>&1 || fail 'it is in the store nevertheless'
}
