// SPDX-License-Identifier: Apache-2.0
// First steps of known ways out, tried. None of them changes anything outside of the child that tries it: where a call would, it gets
// arguments that fail behind its permission check, and the error tells how far it came.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>

namespace secure::isolation {

// unclear: an error that neither a filter nor a permission check gives, nor one that is known to come behind it.
enum class Outcome : unsigned char { allowed, denied, unsupported, not_applicable, unclear };

// Written by the child that tried, as bytes.
struct Answer {
  Outcome outcome = Outcome::denied;
  int error = 0;
  char detail[120] = {};

  Answer& say(std::string_view text);
  void allow(std::string_view text = {});
  void skip(std::string_view why);
  // The call was refused with this error: ENOSYS is unsupported, everything else denied.
  void refuse(int with, std::string_view text = {});
  // By the result of a call: allowed when it succeeded or failed with one of `behind`, errors that come after its permission check.
  void settle(long result, std::initializer_list<int> behind = {}, std::string_view text = {});
};

struct Attempt {
  std::string_view name;
  // Of the entry of the kernel that ENOSYS is about, as in /proc/kallsyms without its prefix; empty: none.
  std::string_view call;
  void (*run)(Answer& answer);
};

std::span<const Attempt> namespace_attempts();
std::span<const Attempt> mount_attempts();
std::span<const Attempt> process_attempts();
std::span<const Attempt> kernel_attempts();
std::span<const Attempt> host_attempts();
std::span<const Attempt> file_attempts();
std::span<const Attempt> socket_attempts();

// Root of a new user namespace with the other new namespaces of `flags`; false: refused, and `answer` says so.
bool become_namespace_root(Answer& answer, int flags);
// Whether a line of the file has `word` as one of its words.
bool lists(const char* path, std::string_view word);

}  // namespace secure::isolation
