// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <string>

#include "record.h"

namespace secure::record {

namespace {

constexpr std::array<const char*, 64> kAdjectives{
    "able",    "agile",  "amber",  "ample", "apt",    "bold",   "brave",  "bright", "brisk",  "calm",  "candid",
    "clear",   "clever", "cosmic", "crisp", "curious", "daring", "deft",  "eager",  "early",  "fair",  "fleet",
    "fond",    "frank",  "gentle", "glad",  "golden", "grand",  "happy",  "hardy",  "honest", "humble", "keen",
    "kind",    "lively", "loyal",  "lucid", "lucky",  "mellow", "merry",  "mild",   "neat",   "nimble", "noble",
    "patient", "placid", "plucky", "proud", "quick",  "quiet",  "rapid",  "ready",  "serene", "sharp", "silent",
    "smooth",  "solid",  "steady", "sunny", "swift",  "tidy",   "vivid",  "warm",   "wise"};

constexpr std::array<const char*, 64> kNouns{
    "acorn",  "alder",  "anchor", "aspen",  "badger", "beacon", "birch",  "bison",  "brook",  "canyon", "cedar",
    "comet",  "condor", "coral",  "crane",  "delta",  "dune",   "eagle",  "elm",    "ember",  "falcon", "fern",
    "finch",  "fjord",  "forest", "fox",    "garnet", "glacier", "grove", "harbor", "hazel",  "heron",  "hill",
    "iris",   "island", "jasper", "juniper", "kestrel", "lagoon", "lark", "linden", "lynx",   "maple",  "meadow",
    "mesa",   "moss",   "oak",    "orchid", "osprey", "otter",  "pebble", "pine",   "plover", "quartz", "raven",
    "reef",   "ridge",  "river",  "robin",  "sparrow", "spruce", "summit", "thistle", "willow"};

}  // namespace

std::string new_name() {
  const std::string random = new_id();
  auto pick = [&](std::size_t at) { return static_cast<std::size_t>(std::stoul(random.substr(at, 4), nullptr, 16)) % 64; };
  return std::string(kAdjectives[pick(0)]) + "-" + kNouns[pick(4)];
}

}  // namespace secure::record
