// SPDX-License-Identifier: Apache-2.0
// delete and gc.
#include <unistd.h>

#include <cstring>

#include "commands.h"

namespace secure::runtime {

int container_delete(int argc, char** argv) {
  const bool force = argc > 1 && (std::strcmp(argv[1], "--force") == 0 || std::strcmp(argv[1], "-f") == 0);
  const int at = force ? 2 : 1;
  if (at + 1 != argc || argv[at][0] == '-') return usage("secure-runtime container delete [--force] ID");
  const record::Roots roots = roots_from_env();
  auto id = record::resolve(roots, argv[at]);
  auto status = id ? record::remove(roots, *id, force) : Status(id.error());
  // Engines clean up with --force whether or not there is anything left, as runc and crun let them.
  if (!status && force && status.error().code == "NO_SUCH_CONTAINER") return 0;
  return status ? 0 : report(status.error());
}

int container_gc(int argc, char**) {
  if (argc != 1) return usage("secure-runtime container gc");
  auto lines = record::gc(roots_from_env());
  if (!lines) return report(lines.error());
  std::string text;
  for (const auto& line : *lines) text += line + "\n";
  auto status = write_all(STDOUT_FILENO, text, "standard output");
  return status ? 0 : report(status.error());
}

}  // namespace secure::runtime
