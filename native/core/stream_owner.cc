// SPDX-License-Identifier: Apache-2.0
#include "stream_owner.h"

#include <sys/stat.h>
#include <unistd.h>

namespace secure::stream_owner {

void give_to(std::uint32_t uid, std::uint32_t gid) {
  for (int fd = 0; fd < 3; ++fd) {
    struct stat st {};
    if (::fstat(fd, &st) < 0 || !(S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode))) continue;
    if (st.st_uid != uid || st.st_gid != gid) (void)!::fchown(fd, uid, gid);
  }
}

}  // namespace secure::stream_owner
