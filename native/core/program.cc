// SPDX-License-Identifier: Apache-2.0
#include "program.h"

#include <sys/stat.h>

#include <string_view>

namespace secure::program {

namespace {

const char* search_path(const std::vector<char*>& envp) {
  for (char* entry : envp)
    if (entry != nullptr && std::string_view(entry).starts_with("PATH=")) return entry + 5;
  return "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
}

}  // namespace

// docker tells 127 and 126 from 125 by these words, in lower case, as they are in runc's messages.
static const char* why_not(const std::string& name, int err) {
  switch (err) {
    case ENOENT:
    case ENOTDIR:
      return name.find('/') == std::string::npos ? "executable file not found in $PATH: check the name, and the image's PATH"
                                                 : "no such file or directory: check the name";
    case EISDIR: return "it is a directory";
    default: return "permission denied: check the file's mode";
  }
}

// Before the filter is on, so that "not found" and "not executable" are told apart and explained.
process::Failure find(const std::string& name, const std::vector<char*>& envp, std::string& out) {
  auto usable = [](const std::string& path, int& err) {
    struct stat st {};
    if (::stat(path.c_str(), &st) < 0) {
      err = errno;
      return false;
    }
    if (S_ISDIR(st.st_mode)) {
      err = EISDIR;
      return false;
    }
    if (::faccessat(AT_FDCWD, path.c_str(), X_OK, AT_EACCESS) < 0) {
      err = errno;
      return false;
    }
    return true;
  };
  int worst = ENOENT;
  if (name.find('/') != std::string::npos) {
    if (usable(name, worst)) {
      out = name;
      return {};
    }
  } else {
    std::string_view path = search_path(envp);
    while (true) {
      std::size_t colon = path.find(':');
      std::string dir(path.substr(0, colon));
      std::string candidate = (dir.empty() ? "." : dir) + "/" + name;
      int err = 0;
      if (usable(candidate, err)) {
        out = candidate;
        return {};
      }
      if (err != ENOENT && err != ENOTDIR) worst = err;
      if (colon == std::string_view::npos) break;
      path.remove_prefix(colon + 1);
    }
  }
  bool missing = worst == ENOENT || worst == ENOTDIR;
  return {fail(Stage::exec, missing ? "COMMAND_NOT_FOUND" : "COMMAND_NOT_EXECUTABLE", worst, "execute '" + name + "'", why_not(name, worst)),
          missing ? 127 : 126};
}

}  // namespace secure::program
