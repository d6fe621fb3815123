// SPDX-License-Identifier: Apache-2.0
// What CRIU answers, and our record beside its images: read without looking beyond the bytes, and a record that is read is written the same again.
#include <cstdlib>

#include "criu_image.h"
#include "criu_message.h"
#include "criu_tasks.h"

using namespace secure;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  auto response = criu::decode(bytes);
  if (!response && response.error().code != "CRIU_PROTOCOL") std::abort();
  (void)criu::task_of(bytes, criu::depth_of(bytes));
  auto record = criu::parse_record(bytes);
  if (!record) return 0;
  const std::string text = criu::to_text(*record);
  auto again = criu::parse_record(text);
  if (!again || criu::to_text(*again) != text) std::abort();
  for (const auto& mount : record->mounts)
    if (mount.point[0] != '/' || mount.rest.find("/..") != std::string::npos) std::abort();
  return 0;
}
