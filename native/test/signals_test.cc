// SPDX-License-Identifier: Apache-2.0
#include "signals.h"

#include "check.h"

using secure::signals::number;

TEST(signals_numbers) {
  CHECK_EQ(number("TERM"), 15);
  CHECK_EQ(number("sigterm"), 15);
  CHECK_EQ(number("9"), 9);
  CHECK_EQ(number("64"), 64);
  CHECK_EQ(number("RTMIN"), 34);
  CHECK_EQ(number("SIGRTMIN+3"), 37);
  CHECK_EQ(number("RTMIN+30"), 64);
  CHECK_EQ(number("rtmax-1"), 63);
  for (const char* bad : {"", "0", "65", "-1", "+9", "9x", " 9", "SIG", "SIGSIGTERM", "RTMIN+", "RTMIN+31", "RTMIN-1",
                          "RTMIN+-1", "RTMAX+1", "99999999999999999999", "TERM "})
    CHECK_EQ(number(bad), -1);
}
