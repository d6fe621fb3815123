// SPDX-License-Identifier: Apache-2.0
// Reading the kernel's text files.
#include <algorithm>

#include "enforced_parts.h"

namespace secure::enforced {

namespace {

constexpr std::size_t kLimit = 16U << 20;  // 100,000 mounts (fs.mount-max) are about that much

// "\040" for a space and so on, as seq_path() writes them.
std::string unescape(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto octal = [&](std::size_t at) { return at < text.size() && text[at] >= '0' && text[at] <= '7'; };
    if (text[i] == '\\' && octal(i + 1) && octal(i + 2) && octal(i + 3)) {
      out += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::vector<std::string> split(std::string_view text, std::string_view separators) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t from = text.find_first_not_of(separators, at);
    if (from == std::string_view::npos) break;
    const std::size_t to = std::min(text.find_first_of(separators, from), text.size());
    out.emplace_back(text.substr(from, to - from));
    at = to;
  }
  return out;
}

}  // namespace

std::vector<std::string> words(std::string_view text) { return split(text, " \t\n"); }
std::vector<std::string> lines(std::string_view text) { return split(text, "\n"); }

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string out;
  for (const auto& part : parts) {
    if (!out.empty()) out += separator;
    out += part;
  }
  return out;
}

std::string read_text(const Subject& subject, const std::string& name) {
  auto text = read_file(subject.proc.get(), name, kLimit);
  return text.ok() ? std::move(*text) : std::string{};
}

std::string status_field(const Subject& subject, std::string_view key) {
  const std::string start = std::string(key) + ":";
  for (const auto& line : lines(subject.status))
    if (line.starts_with(start)) return join(words(line.substr(start.size())), " ");
  return {};
}

const spec::Namespace* planned_namespace(const spec::Spec& plan, int flag) {
  for (const auto& ns : plan.namespaces)
    if (ns.flag == flag) return &ns;
  return nullptr;
}

bool MountLine::has(std::string_view flag) const { return std::find(flags.begin(), flags.end(), flag) != flags.end(); }

std::vector<MountLine> parse_mountinfo(std::string_view text) {
  std::vector<MountLine> out;
  for (const auto& line : lines(text)) {
    const auto fields = words(line);
    const auto dash = std::find(fields.begin(), fields.end(), "-");
    if (fields.size() < 6) continue;
    // A source that is empty is no field, and the two blanks around it are there.
    const bool nameless = fields.end() - dash == 3 && line.find(" - " + dash[1] + "  ") != std::string::npos;
    if (fields.end() - dash < 4 && !nameless) continue;
    MountLine mount;
    mount.id = std::strtoull(fields[0].c_str(), nullptr, 10);
    mount.device = fields[2];
    mount.root = unescape(fields[3]);
    mount.point = unescape(fields[4]);
    mount.type = dash[1];
    mount.flags = split(fields[5], ",");
    for (auto& flag : split(fields.back(), ",")) mount.flags.push_back(std::move(flag));
    out.push_back(std::move(mount));
  }
  return out;
}

}  // namespace secure::enforced
