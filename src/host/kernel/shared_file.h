// Files that several collectors of one scrape read: the kernel is asked once.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/kept_file.h"

namespace weir::host {

// A reader gets the text that another one has just read, but never the same text twice.
class SharedFile {
 public:
  enum class Reader : uint8_t { cpu, stat, sockstat, udp_queues };

  explicit SharedFile(std::string path, Shape shape) : file_(std::move(path), shape) {}
  // As those of KeptFile.
  Result<std::string_view> read(Reader reader);
  std::optional<std::string_view> read_if_there(Reader reader);
  const std::string& path() const { return file_.path(); }

 private:
  // The text of another reader, if it is young enough and new to this one.
  std::optional<std::string_view> of_another(Reader reader);
  void keep(Reader reader, std::string_view text);

  KeptFile file_;
  std::string_view text_;
  unsigned seen_ = 0;  // a bit for each reader that had text_
  std::chrono::steady_clock::time_point read_at_;
};

// The shared files of all collectors that are made with the same options.
class SharedFiles {
 public:
  std::shared_ptr<SharedFile> get(const std::string& path, Shape shape);

 private:
  std::vector<std::shared_ptr<SharedFile>> files_;
};

}  // namespace weir::host
