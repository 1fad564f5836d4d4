#include "host/collectors/textfile.h"

#include <dirent.h>
#include <fcntl.h>
#include <glob.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <set>

#include <fmt/ranges.h>

#include "base/fd.h"
#include "base/log.h"
#include "host/collectors/options.h"
#include "host/collectors/textfile_parser.h"
#include "telemetry/utf8.h"

namespace weir::host {
namespace {

using enum telemetry::MetricType;

// A larger file is a mistake: a whole scrape seldom has a megabyte.
constexpr size_t kMaxFileSize = size_t{16} << 20;
// Of all folders together.
constexpr size_t kMaxFiles = 1000;
// The time of a change has a limited resolution. A file that was changed less than this long ago may change again
// without looking different.
constexpr int64_t kSettledSeconds = 2;

constexpr std::string_view kModified = "node_textfile_mtime_seconds";
constexpr std::string_view kError = "node_textfile_scrape_error";

// What tells whether a file or folder has changed.
struct Stamp {
  uint64_t device = 0;
  uint64_t inode = 0;
  int64_t size = 0;
  int64_t modified_ns = 0;
  int64_t changed_ns = 0;
  bool settled = false;  // the last change was old enough when it was looked at

  static Stamp of(const struct stat& status) {
    const auto nanoseconds = [](const timespec& time) { return time.tv_sec * int64_t{1'000'000'000} + time.tv_nsec; };
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    return {.device = status.st_dev,
            .inode = status.st_ino,
            .size = status.st_size,
            .modified_ns = nanoseconds(status.st_mtim),
            .changed_ns = nanoseconds(status.st_ctim),
            .settled = status.st_ctim.tv_sec + kSettledSeconds < now.tv_sec};
  }
  // Whether the file is the same as at `earlier`.
  bool same_as(const Stamp& earlier) const {
    return earlier.settled && device == earlier.device && inode == earlier.inode && size == earlier.size &&
           modified_ns == earlier.modified_ns && changed_ns == earlier.changed_ns;
  }
};

struct File {
  std::string path;
  Stamp stamp;
  bool known = false;
  std::string error;  // empty: it is good
  std::vector<TextFamily> families;
};

struct Folder {
  std::string path;
  Stamp stamp;
  std::string error;
  std::vector<std::string> files;  // paths, sorted
};

bool has_wildcard(std::string_view path) { return path.find_first_of("*?[") != std::string_view::npos; }

std::string reason(int error) { return std::strerror(error); }

class Textfile : public Collector {
 public:
  explicit Textfile(const Options& options) : patterns_(options.textfile_directories) {}

  Result<> collect(telemetry::Exposition& out) override {
    bool changed = look_at_folders();
    if (changed) rebuild_files();
    for (File& file : files_) changed |= look_at_file(file);
    if (changed) merge();
    out.append(merged_);
    write_own(out);
    return {};
  }

 private:
  // True if there may be other files than before.
  bool look_at_folders() {
    bool changed = false;
    if (folders_.empty() || std::ranges::any_of(patterns_, has_wildcard)) changed = expand_patterns();
    for (Folder& folder : folders_) changed |= look_at_folder(folder);
    return changed;
  }

  bool expand_patterns() {
    std::vector<std::string> paths;
    for (const std::string& pattern : patterns_) {
      if (!has_wildcard(pattern) || !expand(pattern, paths)) paths.push_back(pattern);
    }
    if (std::ranges::equal(paths, folders_, {}, {}, &Folder::path)) return false;
    folders_.clear();
    for (std::string& path : paths) folders_.emplace_back().path = std::move(path);
    return true;
  }

  // False if nothing matches.
  static bool expand(const std::string& pattern, std::vector<std::string>& paths) {
    glob_t found{};
    const bool any = ::glob(pattern.c_str(), 0, nullptr, &found) == 0;
    for (size_t i = 0; any && i < found.gl_pathc; ++i) paths.emplace_back(found.gl_pathv[i]);
    ::globfree(&found);
    return any;
  }

  static bool look_at_folder(Folder& folder) {
    struct stat status;
    if (::stat(folder.path.c_str(), &status) != 0) return set_folder_error(folder, reason(errno));
    const Stamp stamp = Stamp::of(status);
    if (folder.error.empty() && stamp.same_as(folder.stamp)) return false;
    folder.stamp = stamp;
    std::vector<std::string> files;
    if (DIR* directory = ::opendir(folder.path.c_str())) {
      while (const dirent* entry = ::readdir(directory)) {
        const std::string_view name = entry->d_name;
        if (name.ends_with(".prom")) files.push_back(fmt::format("{}/{}", folder.path, name));
      }
      ::closedir(directory);
    } else {
      return set_folder_error(folder, reason(errno));
    }
    std::ranges::sort(files);
    const bool changed = files != folder.files || !folder.error.empty();
    folder.files = std::move(files);
    folder.error.clear();
    return changed;
  }

  static bool set_folder_error(Folder& folder, std::string error) {
    if (folder.error == error) return false;
    log::warn("textfile: cannot read the folder {}: {}", folder.path, error);
    folder.error = std::move(error);
    folder.files.clear();
    return true;
  }

  // Files that were there before keep what is known of them.
  void rebuild_files() {
    std::vector<File> next;
    too_many_ = false;
    for (const Folder& folder : folders_) {
      for (const std::string& path : folder.files) {
        if (std::ranges::find(next, path, &File::path) != next.end()) continue;
        if (next.size() == kMaxFiles) {
          if (!too_many_) log::warn("textfile: more than {} files; those from {} on are left out", kMaxFiles, path);
          too_many_ = true;
          break;
        }
        const auto known = std::ranges::find(files_, path, &File::path);
        next.push_back(known != files_.end() ? std::move(*known) : File());
        next.back().path = path;
      }
    }
    files_ = std::move(next);
  }

  // True if its contents have changed.
  bool look_at_file(File& file) {
    struct stat status;
    if (::stat(file.path.c_str(), &status) != 0) return set_file_error(file, reason(errno));
    const Stamp stamp = Stamp::of(status);
    if (file.known && stamp.same_as(file.stamp)) return false;
    file.known = true;
    if (!S_ISREG(status.st_mode)) return set_file_error(file, "not a plain file");
    const Result<Stamp> read = read_file_once(file.path);
    if (!read) return set_file_error(file, read.error().message);
    file.stamp = *read;
    Result<std::vector<TextFamily>> families = parse_text_format(buffer_);
    if (!families) return set_content_error(file, families.error().message);
    if (!file.error.empty()) log::info("textfile: {} is good again", file.path);
    file.error.clear();
    file.families = std::move(*families);
    return true;
  }

  // Reads into buffer_, and returns the stamp of what was read.
  Result<Stamp> read_file_once(const std::string& path) {
    // It may have become a pipe since it was looked at.
    const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat status;
    if (!fd || ::fstat(fd.get(), &status) != 0) return fail("{}", reason(errno));
    if (!S_ISREG(status.st_mode)) return fail("not a plain file");
    buffer_.clear();
    while (true) {
      const size_t filled = buffer_.size();
      if (filled > kMaxFileSize) return fail("longer than {} bytes", kMaxFileSize);
      buffer_.resize(filled + kReadSize);
      const ssize_t got = ::read(fd.get(), buffer_.data() + filled, kReadSize);
      if (got < 0 && errno != EINTR) return fail("{}", reason(errno));
      buffer_.resize(filled + static_cast<size_t>(std::max<ssize_t>(got, 0)));
      if (got == 0) return Stamp::of(status);
    }
  }

  // A file that cannot be read is tried again at the next scrape: its permissions may have changed.
  static bool set_file_error(File& file, std::string error) {
    file.stamp.settled = false;
    return set_content_error(file, std::move(error));
  }

  static bool set_content_error(File& file, std::string error) {
    if (file.known && file.error == error) return false;
    log::warn("textfile: {} is left out: {}", file.path, error);
    file.known = true;
    file.error = std::move(error);
    file.families.clear();
    return true;
  }

  // One family of all the files that have it.
  struct Merged {
    const TextFamily* first = nullptr;
    std::optional<std::string_view> help;
    std::vector<std::string_view> sources;
    std::vector<std::string_view> samples;
  };

  void merge() {
    std::map<std::string_view, Merged> families;
    std::set<std::string_view> series;  // of all families: the count of a histogram may be a family elsewhere
    std::set<std::string> conflicts;
    for (const File& file : files_) {
      for (const TextFamily& family : file.families) {
        if (family.name == kModified || family.name == kError) {
          conflicts.insert(fmt::format("{} of {} is left out: that is ours to tell", family.name, file.path));
        } else {
          add(families[family.name], family, file.path, series, conflicts);
        }
      }
    }
    merged_.clear();
    for (const auto& [name, family] : families) {
      if (!family.samples.empty()) write(name, family);
    }
    for (const std::string& conflict : conflicts) {
      if (!conflicts_.contains(conflict)) log::warn("textfile: {}", conflict);
    }
    conflicts_ = std::move(conflicts);
  }

  // A HELP or TYPE that differs from that of an earlier file is left out, as in node_exporter.
  static void add(Merged& merged, const TextFamily& family, const std::string& path, std::set<std::string_view>& series,
                  std::set<std::string>& conflicts) {
    if (merged.first != nullptr && merged.first->type != family.type) {
      conflicts.insert(fmt::format("{} of {} is left out: another file has it with another TYPE", family.name, path));
      return;
    }
    if (merged.help && family.help && *merged.help != *family.help) {
      conflicts.insert(fmt::format("{} of {} is left out: another file has it with another HELP", family.name, path));
      return;
    }
    if (merged.first == nullptr) merged.first = &family;
    if (!merged.help && family.help) merged.help = *family.help;
    merged.sources.push_back(path);
    for (const std::string& sample : family.samples) {
      if (series.insert(series_of(sample)).second) {
        merged.samples.push_back(sample);
      } else {
        conflicts.insert(fmt::format("{} of {} is left out: another file has it", series_of(sample), path));
      }
    }
  }

  void write(std::string_view name, const Merged& family) {
    merged_.append("# HELP ").append(name).append(" ");
    telemetry::append_help(merged_, family.help ? std::string(*family.help)
                                                : fmt::format("Metric read from {}", fmt::join(family.sources, ", ")));
    merged_.append("\n# TYPE ").append(name).append(" ").append(text_type_name(family.first->type)).append("\n");
    for (const std::string_view sample : family.samples) merged_.append(sample).append("\n");
  }

  void write_own(telemetry::Exposition& out) const {
    bool wrong = too_many_ || !conflicts_.empty();
    for (const Folder& folder : folders_) wrong |= !folder.error.empty();
    out.family(kModified, gauge, "Unixtime mtime of textfiles successfully read.");
    for (const File& file : files_) {
      wrong |= !file.error.empty();
      if (file.error.empty()) out.sample({{"file", file.path}}, file.stamp.modified_ns / 1'000'000'000);
    }
    out.single(kError, gauge, "1 if there was an error opening or reading a file, 0 otherwise", wrong);
  }

  static constexpr size_t kReadSize = 65536;

  std::vector<std::string> patterns_;
  std::vector<Folder> folders_;
  std::vector<File> files_;
  bool too_many_ = false;
  std::set<std::string> conflicts_;
  std::string merged_;
  std::string buffer_;
};

}  // namespace

Result<std::unique_ptr<Collector>> make_textfile(const Options& options) { return std::make_unique<Textfile>(options); }

}  // namespace weir::host
