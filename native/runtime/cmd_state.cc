// SPDX-License-Identifier: Apache-2.0
// state and list.
#include <unistd.h>

#include "args.h"
#include "commands.h"
#include "json.h"
#include "oci.h"

namespace secure::runtime {

namespace {

int print(const std::string& text) {
  auto status = write_all(STDOUT_FILENO, text, "standard output");
  return status ? 0 : report(status.error());
}

struct Row {
  oci::State state;
  oci::Status status;
};

Result<std::vector<Row>> rows() {
  std::vector<Row> out;
  auto root = oci::open_root(globals().root, false);
  if (!root) {
    // The usual place is made by the first container.
    if (root.error().code == "NOT_FOUND" && !globals().root_given) return out;
    return std::move(root.error());
  }
  for (const auto& id : oci::ids(root->get())) {
    auto dir = oci::open(root->get(), id, false);
    if (!dir) continue;  // deleted meanwhile
    auto state = oci::read_state(dir->get());
    if (!state) continue;  // not that far yet
    auto status = oci::status(dir->get(), *state);
    out.push_back({std::move(*state), status});
  }
  return out;
}

std::string owner_name(const oci::State& state) { return state.owner == 0 ? "root" : "#" + std::to_string(state.owner); }

std::string table(const std::vector<Row>& all) {
  std::vector<std::vector<std::string>> cells{{"ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"}};
  for (const auto& [state, status] : all)
    cells.push_back({state.id, std::to_string(status == oci::Status::stopped ? 0 : state.pid), std::string(oci::status_name(status)), state.bundle, state.created, owner_name(state)});
  std::vector<std::size_t> width(cells[0].size(), 0);
  for (const auto& row : cells)
    for (std::size_t i = 0; i < row.size(); ++i) width[i] = std::max(width[i], row[i].size());
  std::string out;
  for (const auto& row : cells) {
    for (std::size_t i = 0; i < row.size(); ++i) out += i + 1 < row.size() ? row[i] + std::string(width[i] - row[i].size() + 3, ' ') : row[i];
    out += "\n";
  }
  return out;
}

}  // namespace

int cmd_state(int argc, char** argv) {
  bool all = false;
  Args args(argc, argv, "secure-runtime state ID");
  args.flag("all", 'a', all);
  if (auto s = args.parse(1, 1); !s) return report(s.error());
  auto found = find(args.operands[0], false);
  if (!found) return report(found.error());
  return print(oci::to_json(found->state, found->status, found->state.pid, true) + "\n");
}

int cmd_list(int argc, char** argv) {
  bool quiet = false;
  std::string format = "table";
  Args args(argc, argv, "secure-runtime list [--quiet] [--format table|json]");
  args.flag("quiet", 'q', quiet).text("format", 'f', format);
  if (auto s = args.parse(0, 0); !s) return report(s.error());
  const auto known = rows();
  if (!known) return report(known.error());
  const auto& all = *known;
  std::string text;
  if (quiet) {
    for (const auto& row : all) text += row.state.id + "\n";
  } else if (format == "table") {
    text = table(all);
  } else if (format == "json") {
    for (const auto& [state, status] : all) text += (text.empty() ? "[" : ",") + oci::to_json(state, status, state.pid, true);
    text = text.empty() ? "null\n" : text + "]\n";
  } else {
    return report(fail(Stage::config, "USAGE", 0, "invalid format option '" + format + "'", "table or json"));
  }
  return print(text);
}

}  // namespace secure::runtime
