// SPDX-License-Identifier: Apache-2.0
// sd_notify(3) for a container. The program gets a socket of ours in place of the service manager's, on which it could name another
// main process or hand over descriptors: of what it says only that it is ready is passed on.
#pragma once

#include <string>

#include "fd.h"
#include "result.h"
#include "spec.h"

namespace secure::runtime::notify {

// Where NOTIFY_SOCKET of the environment points; empty: nobody wants to hear.
std::string wanted();

// Before the container is made: a directory in that of its state, `path`, that will be seen in place of the socket, with our socket in it.
Status prepare(int state_dir, const std::string& path, spec::Spec& spec);

struct Relay {
  Fd socket;         // invalid: there is none
  std::string host;  // the service manager's
  bool ready = false;  // passed on
};
// Before its program is executed. There is none unless prepare() was called and somebody wants to hear now.
Result<Relay> listen(int state_dir);

// What has come so far. A program that goes on talking is heard, and no longer listened to.
void pass_on(Relay& relay);
// Until the program is ready or has ended.
void wait(Relay& relay, int pidfd);

}  // namespace secure::runtime::notify
