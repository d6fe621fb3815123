// SPDX-License-Identifier: Apache-2.0
// Internal to network*.cc: <host>/networks/<bridge>@<inode of the network namespace>/, locked while anything of the network changes.
//   subnets            IPv4 and, where there is one, IPv6: what the addresses below belong to
//   addresses/<IPv4>   symlink to the owner's record
//   restore            settings of the host to write back, and the interfaces between which nothing is forwarded meanwhile, see network_forward.cc
// The two files begin with the cookie of the namespace, because an inode comes back.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "record_store.h"
#include "spec.h"

namespace secure::network {

struct Directory {
  std::string bridge, name;  // the bridge, and the directory's own name
  Fd fd;                     // holds the lock
  Fd addresses;
};

// Of the network namespace that this process is in. NETWORK_BUSY. Without `create`: NOT_FOUND.
Result<Directory> open_directory(const record::Roots& roots, const std::string& bridge, bool create);
// By its name, whatever its namespace.
Result<Directory> open_named(const record::Roots& roots, const std::string& name, bool create);
// Names of all of them.
std::vector<std::string> directories(const record::Roots& roots);
// The part after '@' of networks of this namespace; "" when it cannot be known.
std::string namespace_suffix();
// The namespace's number, which never comes back; "0" before Linux 5.14.
std::string namespace_cookie();

// Small files of the directory, in lines.
std::vector<std::string> read_lines(const Directory& dir, const std::string& name);
Status write_lines(const Directory& dir, const std::string& name, const std::vector<std::string>& lines);
void remove_file(const Directory& dir, const std::string& name);

// Of a network without reservations; the lock goes with it.
void remove_directory(const record::Roots& roots, Directory& dir);

// The owner of a reservation is its record. Nobody's processes can use the address any more: the record is gone, or it is one of this
// instance, its lock is free and nothing of it lives. `containers` -1: this instance has no records.
bool owner_dead(const record::Roots& roots, int containers, const std::string& target);

}  // namespace secure::network
