// A file of results that has its name only when it is complete: until then it stands beside it under another one.
#pragma once

#include <cstdio>
#include <memory>
#include <string>

#include "base/result.h"

namespace weir::app {

class OutputFile {
 public:
  static Result<OutputFile> create(const std::string& path);
  OutputFile(OutputFile&& other) noexcept;
  OutputFile& operator=(OutputFile&&) = delete;
  // What is not complete is removed.
  ~OutputFile();

  std::FILE* stream() const { return stream_.get(); }
  const std::string& partial() const { return partial_; }  // its name until then
  // Synced, then named.
  Result<> finish();

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  OutputFile(std::string path, std::string partial, std::FILE* stream)
      : path_(std::move(path)), partial_(std::move(partial)), stream_(stream) {}
  std::string path_;
  std::string partial_;  // empty: finished, or moved from
  std::unique_ptr<std::FILE, Close> stream_;
};

}  // namespace weir::app
