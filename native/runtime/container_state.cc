// SPDX-License-Identifier: Apache-2.0
// state and list: what is known of containers, as JSON.
#include <unistd.h>

#include "commands.h"

namespace secure::runtime {

namespace {

int print(const std::string& text) {
  auto status = write_all(STDOUT_FILENO, text + "\n", "standard output");
  return status ? 0 : report(status.error());
}

}  // namespace

int container_state(int argc, char** argv) {
  if (argc != 2 || argv[1][0] == '-') return usage("secure-runtime container state ID");
  const record::Roots roots = roots_from_env();
  auto id = record::resolve(roots, argv[1]);
  if (!id) return report(id.error());
  auto state = record::read_state(roots, *id);
  if (auto layout = cgroup::detect(); state && layout) record::add_memory(*state, *layout);
  return state ? print(record::to_json(*state)) : report(state.error());
}

int container_list(int argc, char**) {
  if (argc != 1) return usage("secure-runtime container list");
  auto all = record::list(roots_from_env());
  if (!all) return report(all.error());
  std::string text = "[";
  const auto layout = cgroup::detect();
  for (auto& state : *all) {
    if (layout) record::add_memory(state, *layout);
    if (text.size() > 1) text += ",\n ";
    text += record::to_json(state);
  }
  return print(text + "]");
}

}  // namespace secure::runtime
