// SPDX-License-Identifier: Apache-2.0
// runtime-spec config-linux.md#netdevices: devices of the host that the container gets.
#pragma once

#include <sys/types.h>

#include "result.h"
#include "spec.h"

namespace secure::netdevice {

// Move each of linux.netDevices to the network namespace of `pid`, under its new name, with its permanent addresses of global scope, and
// switch it on there. What belongs to the device itself (hardware address, MTU) goes along. NET_DEVICE_FAILED; what has been moved then
// comes back if the kernel gives it back when the namespace ends, so all names are looked up first.
Status move(const spec::Spec& spec, pid_t pid);

}  // namespace secure::netdevice
