// Files that survive a power cut: what was written is synced before its name is, and the name before anybody relies on
// it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string_view>

#include "base/fd.h"
#include "base/file_access.h"
#include "base/result.h"

namespace weir::store {

// Fills `bytes` from an offset of a file; fails if the file has fewer. path: for the message.
Result<> read_at(const Fd& file, const std::filesystem::path& path, uint64_t offset, std::span<uint8_t> bytes);
// Syncs a file that exists; returns its size.
Result<uint64_t> sync_file(const std::filesystem::path& path);
// Syncs the names in a folder.
Result<> sync_folder(const std::filesystem::path& path);
// Creates `path` and what is missing above it, and syncs the folders that got a new name.
Result<> create_folders(const std::filesystem::path& path, mode_t mode = kGroupFolder);
// Replaces `path` by `content`; readers see the old or the new one, also after a crash. Its mode is that of a new file.
Result<> replace_file(const std::filesystem::path& path, std::string_view content, mode_t mode = kGroupFile);
// The same with a content that is made piece by piece.
using TextOut = std::function<Result<>(std::string_view)>;
using TextSource = std::function<Result<>(const TextOut& out)>;
Result<> replace_file(const std::filesystem::path& path, const TextSource& content, mode_t mode = kGroupFile);
// The same without syncing: after a power cut it is the old one, or damaged. Several may do it at once.
bool replace_quickly(const std::filesystem::path& path, std::string_view content);

}  // namespace weir::store
