#include "host/collectors/filesystem.h"

#include <algorithm>
#include <cctype>
#include <cstring>
#include <tuple>

#include "host/collectors/options.h"
#include "host/kernel/mounts.h"
#include "host/select/selection.h"

namespace weir::host {
namespace {

using enum telemetry::MetricType;
using telemetry::Exposition;
using telemetry::Label;

// How long a scrape waits for file systems that may not answer. Most answer within a millisecond.
constexpr std::chrono::milliseconds kPatience{20};
// node_exporter's word for it.
constexpr std::string_view kTimedOut = "mountpoint timeout";

struct Shown {
  Mount mount;
  std::string path;  // for statfs
  std::string major;
  std::string minor;
  bool first_of_point = true;  // of those with this device and mount point
  bool readonly = false;
  bool watched = false;
  // As of this scrape:
  std::optional<FileSystemSizes> sizes;
  std::string error;  // empty: none
  std::optional<double> age_seconds;
};

// Takes "/host" off "/host/var", as node_exporter does for --path.rootfs.
std::string_view without_root(std::string_view point, std::string_view root) {
  while (root.ends_with('/')) root.remove_suffix(1);
  if (root.empty() || !point.starts_with(root)) return point;
  point.remove_prefix(root.size());
  return point.empty() ? std::string_view("/") : point;
}

bool lies_below(std::string_view path, std::string_view folder) {
  return folder != "/" && path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/';
}

void describe(int error, std::string& text) {
  text = std::strerror(error);
  text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
}

class Filesystem : public Collector {
 public:
  Filesystem(const Options& options, Selector points, Selector types, Statfs statfs)
      : table_(options.procfs),
        root_(options.rootfs),
        points_(std::move(points)),
        types_(std::move(types)),
        timeout_(options.filesystem_mount_timeout),
        statfs_(std::move(statfs)) {}

  Result<> collect(Exposition& out) override {
    const Result<bool> changed = table_.refresh();
    if (!changed) return fail("cannot read the table of mounts: {}", changed.error().message);
    if (*changed) choose();
    ask_local();
    ask_watched();
    write(out);
    if (table_.damaged() > 0)
      return fail("{} lines of the table of mounts are not what they should be", table_.damaged());
    return {};
  }

 private:
  void choose() {
    shown_.clear();
    paths_.clear();
    for (const Mount& mount : table_.mounts()) {
      Shown shown;
      shown.mount = mount;
      shown.mount.point = without_root(mount.point, root_);
      if (!points_.selects(shown.mount.point) || !types_.selects(mount.type) || is_shown(shown.mount)) continue;
      shown.path = root_ == "/" ? shown.mount.point : root_ + shown.mount.point;
      shown.major = std::to_string(mount.major);
      shown.minor = std::to_string(mount.minor);
      shown.first_of_point = std::ranges::none_of(shown_, [&](const Shown& other) {
        return other.mount.device == mount.device && other.mount.point == shown.mount.point &&
               other.mount.major == mount.major && other.mount.minor == mount.minor;
      });
      shown.readonly = has_option(mount.options, "ro") || has_option(mount.super_options, "ro");
      shown.watched = may_hang(mount);
      if (shown.watched) paths_.push_back(shown.path);
      shown_.push_back(std::move(shown));
    }
  }

  bool is_shown(const Mount& mount) const {
    return std::ranges::any_of(shown_, [&](const Shown& other) {
      return std::tie(other.mount.device, other.mount.point, other.mount.type) ==
             std::tie(mount.device, mount.point, mount.type);
    });
  }

  // A mount below one that hangs is reached only through it.
  bool may_hang(const Mount& mount) const {
    if (!answers_at_once(mount.type)) return true;
    return std::ranges::any_of(table_.mounts(), [&](const Mount& above) {
      return lies_below(mount.point, above.point) && !answers_at_once(above.type);
    });
  }

  void ask_local() {
    for (Shown& shown : shown_) {
      if (shown.watched) continue;
      const StatfsAnswer answer = statfs_(shown.path);
      take(shown, answer.error == 0 ? std::optional(answer.sizes) : std::nullopt, answer.error);
    }
  }

  void ask_watched() {
    if (paths_.empty()) {
      watch_.reset();
      return;
    }
    if (!watch_) watch_.emplace(statfs_);
    const std::span<const MountWatch::Answer> answers = watch_->ask(paths_, kPatience);
    const MountWatch::Clock::time_point now = MountWatch::Clock::now();
    size_t position = 0;
    for (Shown& shown : shown_) {
      if (!shown.watched) continue;
      const MountWatch::Answer& answer = answers[position++];
      const bool timed_out = answer.asked_at && now - *answer.asked_at >= timeout_;
      take(shown, timed_out || answer.error == 0 ? answer.sizes : std::nullopt, timed_out ? 0 : answer.error);
      if (timed_out) shown.error = kTimedOut;
      if (answer.sizes) shown.age_seconds = std::chrono::duration<double>(now - answer.answered_at).count();
    }
  }

  static void take(Shown& shown, const std::optional<FileSystemSizes>& sizes, int error) {
    shown.sizes = sizes;
    shown.age_seconds.reset();
    shown.error.clear();
    if (error != 0) describe(error, shown.error);
  }

  // Writes one family; `value` returns nothing for a mount that has no sample.
  template <class Value>
  void family(Exposition& out, std::string_view name, std::string_view help, Value&& value) const {
    out.family(name, gauge, help);
    for (const Shown& shown : shown_) {
      const auto number = value(shown);
      if (!number) continue;
      const std::array<Label, 4> labels{{{"device", shown.mount.device},
                                         {"fstype", shown.mount.type},
                                         {"mountpoint", shown.mount.point},
                                         {"device_error", shown.error}}};
      out.sample(std::span(labels).first(shown.error.empty() ? 3 : 4), *number);
    }
  }

  void write(Exposition& out) const {
    const auto size = [](double FileSystemSizes::* member) {
      return [member](const Shown& shown) -> std::optional<double> {
        if (!shown.sizes) return std::nullopt;
        return (*shown.sizes).*member;
      };
    };
    family(out, "node_filesystem_avail_bytes", "Filesystem space available to non-root users in bytes.",
           size(&FileSystemSizes::available_bytes));
    family(out, "node_filesystem_device_error",
           "Whether an error occurred while getting statistics for the given device.",
           [](const Shown& shown) { return std::optional(shown.error.empty() ? uint64_t{0} : uint64_t{1}); });
    family(out, "node_filesystem_files", "Filesystem total file nodes.", size(&FileSystemSizes::files));
    family(out, "node_filesystem_files_free", "Filesystem total free file nodes.", size(&FileSystemSizes::files_free));
    family(out, "node_filesystem_free_bytes", "Filesystem free space in bytes.", size(&FileSystemSizes::free_bytes));
    write_mount_info(out);
    family(out, "node_filesystem_readonly", "Filesystem read-only status.",
           [](const Shown& shown) { return std::optional(uint64_t{shown.readonly}); });
    family(out, "node_filesystem_size_bytes", "Filesystem size in bytes.", size(&FileSystemSizes::size_bytes));
    family(out, "weir_filesystem_answer_age_seconds",
           "Seconds since a file system of another machine or process has told its figures, which are of then.",
           [](const Shown& shown) { return shown.age_seconds; });
  }

  void write_mount_info(Exposition& out) const {
    out.family("node_filesystem_mount_info", gauge, "Filesystem mount information.");
    for (const Shown& shown : shown_) {
      if (!shown.first_of_point) continue;
      out.sample({{"device", shown.mount.device},
                  {"major", shown.major},
                  {"minor", shown.minor},
                  {"mountpoint", shown.mount.point}},
                 1);
    }
  }

  MountTable table_;
  std::string root_;
  Selector points_;
  Selector types_;
  std::chrono::milliseconds timeout_;
  Statfs statfs_;
  std::vector<Shown> shown_;
  std::vector<std::string> paths_;  // of those that are watched
  std::optional<MountWatch> watch_;
};

// An include replaces the default exclude.
Result<Selector> selector(Selection selection, std::string_view default_exclude, std::string_view flag) {
  if (!selection.include.empty() && selection.exclude == default_exclude) selection.exclude.clear();
  return Selector::compile(selection, flag);
}

}  // namespace

Result<std::unique_ptr<Collector>> make_filesystem_over(const Options& options, Statfs statfs) {
  Selector points =
      TRY(selector(options.filesystem_mount_points, kMountPointsExcluded, "--collector.filesystem.mount-points"));
  Selector types = TRY(selector(options.filesystem_types, kFilesystemTypesExcluded, "--collector.filesystem.fs-types"));
  return std::make_unique<Filesystem>(options, std::move(points), std::move(types), std::move(statfs));
}

Result<std::unique_ptr<Collector>> make_filesystem(const Options& options) {
  return make_filesystem_over(options, kernel_statfs);
}

}  // namespace weir::host
