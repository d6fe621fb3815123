// SPDX-License-Identifier: Apache-2.0
#include "self.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>

#include "mountfd.h"
#include "namespaces.h"
#include "report.h"

namespace secure::runtime {

Status protect_self(const spec::Spec& spec) {
  if (namespaces::has(spec, CLONE_NEWUSER)) return Ok{};
  struct statvfs fs {};
  Fd self(::open("/proc/self/exe", O_PATH | O_CLOEXEC));
  if (!self.valid() || ::fstatvfs(self.get(), &fs) < 0)
    return fail(Stage::process, "SELF_PROTECTION", errno, "open the runtime's own binary", "is /proc mounted?");
  if ((fs.f_flag & ST_RDONLY) != 0) return Ok{};
  SECURE_LET(mount, mountfd::clone(self.get(), "", false));
  SECURE_TRY(mountfd::set_attributes(mount.get(), {MOUNT_ATTR_RDONLY, 0}, false, "the runtime's own binary"));
  ::syscall(SYS_execveat, mount.get(), "", process_arguments(), environ, AT_EMPTY_PATH);
  return fail(Stage::process, "SELF_PROTECTION", errno, "run from a read-only copy of the runtime's own binary");
}

}  // namespace secure::runtime
