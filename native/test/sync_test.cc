// SPDX-License-Identifier: Apache-2.0
// The channel of a start.
#include "sync.h"

#include "check.h"

using namespace secure;

TEST(last_words_are_heard_although_something_for_the_speaker_was_never_read) {
  auto pair = sync::channel();
  REQUIRE(pair);
  REQUIRE(sync::send(pair->first.get(), sync::Kind::joined));
  sync::send_error(pair->second.get(), fail(Stage::mount, "MOUNT_FAILED", EPERM, "what happened", "what to do"), 126);
  pair->second.reset();
  auto heard = sync::receive(pair->first.get());
  REQUIRE(heard);
  CHECK(heard->kind == sync::Kind::error);
  CHECK(heard->number == 126);
  CHECK(heard->error.code == "MOUNT_FAILED");
  auto end = sync::receive(pair->first.get());
  CHECK(!end && end.error().code == "CHANNEL_CLOSED");
}
