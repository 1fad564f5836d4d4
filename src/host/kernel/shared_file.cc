#include "host/kernel/shared_file.h"

namespace weir::host {
namespace {

// Longer than the time from the first to the last reader of a scrape, shorter than a scrape interval.
constexpr std::chrono::milliseconds kShared{50};

unsigned bit_of(SharedFile::Reader reader) { return 1U << static_cast<unsigned>(reader); }

}  // namespace

std::optional<std::string_view> SharedFile::of_another(Reader reader) {
  const auto now = std::chrono::steady_clock::now();
  if (seen_ != 0 && (seen_ & bit_of(reader)) == 0 && now - read_at_ <= kShared) {
    seen_ |= bit_of(reader);
    return text_;
  }
  seen_ = 0;
  read_at_ = now;
  return std::nullopt;
}

void SharedFile::keep(Reader reader, std::string_view text) {
  text_ = text;
  seen_ = bit_of(reader);
}

Result<std::string_view> SharedFile::read(Reader reader) {
  if (const auto text = of_another(reader)) return *text;
  const auto text = file_.read();
  if (text) keep(reader, *text);
  return text;
}

std::optional<std::string_view> SharedFile::read_if_there(Reader reader) {
  if (const auto text = of_another(reader)) return text;
  const auto text = file_.read_if_there();
  if (text) keep(reader, *text);
  return text;
}

std::shared_ptr<SharedFile> SharedFiles::get(const std::string& path, Shape shape) {
  for (const auto& file : files_)
    if (file->path() == path) return file;
  return files_.emplace_back(std::make_shared<SharedFile>(path, shape));
}

}  // namespace weir::host
