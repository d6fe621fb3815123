// SPDX-License-Identifier: Apache-2.0
#include "extract.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "extract_meta.h"
#include "extract_path.h"
#include "tar_reader.h"

namespace secure::extract {

namespace {

class Unpacker {
 public:
  Unpacker(decompress::Source& archive, int target, const Options& options, const Requests& requests)
      : reader_(archive),
        target_(target),
        options_(options),
        requests_(requests),
        budget_{.max_entries = options.limits.max_entries, .max_bytes = options.limits.max_bytes},
        tree_(target, budget_, requests.set_opaque) {}

  Result<std::uint64_t> run() {
    // For layers that do not name their root.
    tar::Entry root;
    root.type = tar::Type::directory;
    root.mode = 0755;
    SECURE_TRY(make_root(root));
    for (;;) {
      SECURE_LET(entry, reader_.next());
      if (!entry) break;
      SECURE_TRY(member(*entry));
    }
    SECURE_TRY(reader_.finish());
    SECURE_TRY(tree_.restore_times());
    return budget_.entries;
  }

 private:
  Status member(const tar::Entry& entry) {
    SECURE_TRY(budget_.entry());
    SECURE_LET(path, parse_path(entry.path, options_.limits.max_depth));
    if (path.kind != Kind::plain) return hide(entry, path);
    if (path.is_root()) {
      if (entry.type != tar::Type::directory) return tar::invalid("a root that is not a directory");
      return make_root(entry);
    }
    switch (entry.type) {
      case tar::Type::file: return make_file(entry, path);
      case tar::Type::directory: return make_directory(entry, path);
      case tar::Type::symlink: return make_symlink(entry, path);
      case tar::Type::hard_link: return make_hard_link(entry, path);
      case tar::Type::fifo: return make_fifo(entry, path);
      case tar::Type::char_device:
      case tar::Type::block_device: return leave_device(entry, path);
    }
    return tar::invalid("a member of an unknown type");
  }

  Status hide(const tar::Entry& entry, const Path& path) {
    if (entry.type != tar::Type::file) return tar::invalid("a whiteout that is not a file: " + tar::quoted(entry.path));
    if (path.kind == Kind::whiteout) {
      SECURE_LET(dir, tree_.directory(path.parent));
      return tree_.whiteout(dir, path.name);
    }
    if (path.parent.empty()) return requests_.note(Note::opaque_root, {});
    SECURE_LET(dir, tree_.directory(path.parent));
    return tree_.opaque(dir, ".");
  }

  Status make_root(const tar::Entry& entry) {
    SECURE_TRY(apply_meta(target_, entry));
    return tree_.remember_time({}, {entry.mtime, entry.mtime_nsec});
  }

  Status make_directory(const tar::Entry& entry, const Path& path) {
    SECURE_LET(dir, tree_.directory(path.parent));
    SECURE_LET(fd, tree_.make_directory(dir, path.name));
    SECURE_TRY(apply_meta(fd.get(), entry));
    return tree_.remember_time(path.full(), {entry.mtime, entry.mtime_nsec});
  }

  Status make_file(const tar::Entry& entry, const Path& path) {
    SECURE_TRY(budget_.content(entry.size));
    SECURE_LET(dir, tree_.directory(path.parent));
    constexpr int kFlags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
    auto fd = tree_.open(dir, path.name, kFlags, 0600);
    if (!fd && fd.error().err == EEXIST) {
      SECURE_TRY(tree_.clear(dir, path.name));
      fd = tree_.open(dir, path.name, kFlags, 0600);
    }
    if (!fd) return std::move(fd.error());
    SECURE_TRY(entry.sparse ? write_sparse(entry, fd->get()) : write_plain(entry, fd->get()));
    SECURE_TRY(apply_meta(fd->get(), entry));
    return tell(entry, path);
  }

  Status tell(const tar::Entry& entry, const Path& path) {
    if ((entry.mode & (S_ISUID | S_ISGID)) != 0) SECURE_TRY(requests_.note(Note::setid, path.full()));
    for (const auto& xattr : entry.xattrs)
      if (xattr.first == "security.capability") return requests_.note(Note::file_capability, path.full());
    return Ok{};
  }

  static Status write(int fd, std::span<const std::uint8_t> data, std::uint64_t offset, const tar::Entry& entry) {
    while (!data.empty()) {
      ssize_t n = ::pwrite(fd, data.data(), data.size(), static_cast<off_t>(offset));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return io_error(errno, "write", entry.path);
      offset += static_cast<std::uint64_t>(n);
      data = data.subspan(static_cast<std::size_t>(n));
    }
    return Ok{};
  }

  Status write_plain(const tar::Entry& entry, int fd) {
    for (std::uint64_t at = 0; at < entry.size;) {
      SECURE_LET(piece, reader_.data());
      SECURE_TRY(write(fd, piece, at, entry));
      at += piece.size();
    }
    return Ok{};
  }

  Status write_sparse(const tar::Entry& entry, int fd) {
    std::span<const std::uint8_t> piece;
    for (const tar::Segment& segment : entry.segments) {
      for (std::uint64_t done = 0; done < segment.length;) {
        if (piece.empty()) {
          SECURE_LET(next, reader_.data());
          piece = next;
        }
        const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(piece.size(), segment.length - done));
        SECURE_TRY(write(fd, piece.first(n), segment.offset + done, entry));
        piece = piece.subspan(n);
        done += n;
      }
    }
    if (::ftruncate(fd, static_cast<off_t>(entry.size)) < 0) return io_error(errno, "write", entry.path);
    return Ok{};
  }

  Status make_symlink(const tar::Entry& entry, const Path& path) {
    if (entry.link.empty()) return tar::invalid("a symbolic link to nothing: " + tar::quoted(entry.path));
    if (entry.link.size() >= kMaxPath)
      return fail(Stage::image, "LIMIT_EXCEEDED", 0,
                  "a symbolic link with a target that is too long: " + tar::quoted(entry.path));
    SECURE_LET(dir, tree_.directory(path.parent));
    int rc = ::symlinkat(entry.link.c_str(), dir, path.name.c_str());
    if (rc < 0 && errno == EEXIST) {
      SECURE_TRY(tree_.clear(dir, path.name));
      rc = ::symlinkat(entry.link.c_str(), dir, path.name.c_str());
    }
    if (rc < 0) return io_error(errno, "make the symbolic link", entry.path);
    return apply_link_meta(dir, path.name.c_str(), entry);
  }

  // Owner, mode and content are those of the file that is linked, whatever this member says.
  Status make_hard_link(const tar::Entry& entry, const Path& path) {
    SECURE_LET(target, parse_link(entry.link, options_.limits.max_depth));
    if (target.full() == path.full()) return tar::invalid("a hard link to itself: " + tar::quoted(entry.path));
    const std::string text = tar::quoted(entry.path) + " to " + tar::quoted(entry.link);
    // Two descriptors: directory() lends only one at a time. An O_PATH one is enough for linkat(2).
    SECURE_LET(lent, tree_.directory(path.parent));
    Fd dir(::fcntl(lent, F_DUPFD_CLOEXEC, 3));
    if (!dir.valid()) return io_error(errno, "open the directory of", entry.path);
    SECURE_TRY(tree_.clear(dir.get(), path.name));
    auto from = tree_.open(target_, target.parent.empty() ? "." : target.parent, O_PATH | O_DIRECTORY);
    struct stat st {};
    if (!from && from.error().err == ELOOP)
      return fail(Stage::image, "PATH_ESCAPE", ELOOP, "a hard link through a symbolic link: " + text);
    if (!from) return tar::invalid("a hard link to something that is not in the layer: " + text);
    SECURE_LET(exists, look(from->get(), target.name, st));
    if (!exists) return tar::invalid("a hard link to something that is not in the layer: " + text);
    if (S_ISDIR(st.st_mode) || is_whiteout(st))
      return tar::invalid("a hard link to something that is not a file: " + text);
    // Flags 0: a symbolic link is linked itself, never what it points to.
    if (::linkat(from->get(), target.name.c_str(), dir.get(), path.name.c_str(), 0) < 0)
      return io_error(errno, "make the hard link", entry.path);
    return Ok{};
  }

  Status make_fifo(const tar::Entry& entry, const Path& path) {
    SECURE_LET(dir, tree_.directory(path.parent));
    int rc = ::mknodat(dir, path.name.c_str(), S_IFIFO | 0600, 0);
    if (rc < 0 && errno == EEXIST) {
      SECURE_TRY(tree_.clear(dir, path.name));
      rc = ::mknodat(dir, path.name.c_str(), S_IFIFO | 0600, 0);
    }
    if (rc < 0) return io_error(errno, "make the fifo", entry.path);
    // O_NONBLOCK: opening the reading end of a fifo waits for a writer otherwise.
    SECURE_LET(fd, tree_.open(dir, path.name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW));
    return apply_meta(fd.get(), entry);
  }

  // A container gets its devices from the runtime. What the node would have replaced is gone nevertheless.
  Status leave_device(const tar::Entry& entry, const Path& path) {
    if (options_.devices == Devices::error)
      return fail(Stage::image, "DEVICE_REFUSED", 0, "a device node: " + tar::quoted(entry.path),
                  "--devices skip leaves device nodes out");
    SECURE_LET(dir, tree_.directory(path.parent));
    SECURE_TRY(tree_.clear(dir, path.name));
    return requests_.note(Note::device, path.full());
  }

  tar::Reader reader_;
  int target_;
  const Options& options_;
  const Requests& requests_;
  Budget budget_;
  Tree tree_;
};

}  // namespace

Result<std::uint64_t> unpack(decompress::Source& archive, int target, const Options& options,
                             const Requests& requests) {
  // Modes are set explicitly; a mask of the caller would change what O_CREAT makes in between.
  const mode_t before = ::umask(0077);
  auto result = Unpacker(archive, target, options, requests).run();
  ::umask(before);
  return result;
}

}  // namespace secure::extract
