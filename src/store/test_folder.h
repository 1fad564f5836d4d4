// A folder of a test or a fuzz target, gone at its end.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <string>
#include <utility>

#include "base/check.h"
#include "store/files.h"

namespace weir::store {

// In memory, where there is such a folder.
inline std::filesystem::path folder_in_memory() {
  return std::filesystem::is_directory("/dev/shm") ? "/dev/shm" : std::filesystem::temp_directory_path();
}

struct TestFolder {
  explicit TestFolder(const std::filesystem::path& parent = std::filesystem::temp_directory_path()) {
    std::string name = parent / "weir-store-XXXXXX";
    CHECK(::mkdtemp(name.data()) != nullptr);
    path = name;
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  ~TestFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  std::filesystem::path operator/(const std::filesystem::path& name) const { return path / name; }

  std::filesystem::path path;
};

// A text for Store::write_ledger().
inline TextSource text_source(std::string text) {
  return [text = std::move(text)](const TextOut& out) { return out(text); };
}

}  // namespace weir::store
