#include "host/collectors/os.h"

#include <array>
#include <chrono>

#include "base/kept_file.h"
#include "base/text.h"
#include "host/collectors/options.h"

namespace weir::host {
namespace {

using enum telemetry::MetricType;

class Os : public Collector {
 public:
  explicit Os(const Options& options)
      : paths_{options.rootfs + "/etc/os-release", options.rootfs + "/usr/lib/os-release"} {}

  Result<> collect(telemetry::Exposition& out) override {
    // It changes with an upgrade.
    if (age_++ % kReadsUntilRecheck == 0) load();
    if (!release_) return no_data();
    const OsRelease& os = *release_;
    out.family("node_os_info", gauge,
               "A metric with a constant '1' value labeled by build_id, id, id_like, image_id, image_version, name, "
               "pretty_name, variant, variant_id, version, version_codename, version_id.");
    out.sample({{"build_id", os.build_id},
                {"id", os.id},
                {"id_like", os.id_like},
                {"image_id", os.image_id},
                {"image_version", os.image_version},
                {"name", os.name},
                {"pretty_name", os.pretty_name},
                {"variant", os.variant},
                {"variant_id", os.variant_id},
                {"version", os.version},
                {"version_codename", os.version_codename},
                {"version_id", os.version_id}},
               1);
    if (support_end_)
      out.single("node_os_support_end_timestamp_seconds", gauge,
                 "Metric containing the end-of-life date timestamp of the OS.", *support_end_);
    if (version_) {
      out.family("node_os_version", gauge, "Metric containing the major.minor part of the OS version.");
      out.sample({{"id", os.id}, {"id_like", os.id_like}, {"name", os.name}}, *version_);
    }
    return {};
  }

 private:
  void load() {
    std::string buffer;
    for (const std::string& path : paths_) {
      const auto text = try_read_file(path, buffer);
      if (!text) continue;
      release_ = parse_os_release(*text);
      version_ = release_->version_number();
      support_end_ = release_->support_end_seconds();
      return;
    }
  }

  std::array<std::string, 2> paths_;
  unsigned age_ = 0;
  std::optional<OsRelease> release_;
  std::optional<double> version_;
  std::optional<int64_t> support_end_;
};

// The right side of an assignment as a shell would read it, without expansion.
std::string unquoted(std::string_view text) {
  std::string value;
  char quote = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote == '\'') {
      if (c == '\'')
        quote = 0;
      else
        value += c;
    } else if (c == '\\' && i + 1 < text.size() && (quote == 0 || std::string_view("\"\\$`").contains(text[i + 1]))) {
      value += text[++i];
    } else if (c == '"') {
      quote = quote == 0 ? '"' : '\0';
    } else if (c == '\'' && quote == 0) {
      quote = c;
    } else if (quote == 0 && (c == ' ' || c == '\t' || c == '#')) {
      break;
    } else {
      value += c;
    }
  }
  return value;
}

}  // namespace

OsRelease parse_os_release(std::string_view text) {
  OsRelease os;
  const std::array<std::pair<std::string_view, std::string*>, 13> fields{{
      {"BUILD_ID", &os.build_id},
      {"ID", &os.id},
      {"ID_LIKE", &os.id_like},
      {"IMAGE_ID", &os.image_id},
      {"IMAGE_VERSION", &os.image_version},
      {"NAME", &os.name},
      {"PRETTY_NAME", &os.pretty_name},
      {"VARIANT", &os.variant},
      {"VARIANT_ID", &os.variant_id},
      {"VERSION", &os.version},
      {"VERSION_CODENAME", &os.version_codename},
      {"VERSION_ID", &os.version_id},
      {"SUPPORT_END", &os.support_end},
  }};
  while (!text.empty()) {
    const std::string_view line = trimmed(next_line(text));
    const size_t equal = line.find('=');
    if (equal == std::string_view::npos || line.starts_with('#')) continue;
    for (const auto& [key, field] : fields)
      if (key == line.substr(0, equal)) *field = unquoted(line.substr(equal + 1));
  }
  return os;
}

std::optional<double> OsRelease::version_number() const {
  const std::string_view text = version_id;
  const auto digits = [&](size_t begin) { return std::min(text.find_first_not_of("0123456789", begin), text.size()); };
  size_t end = digits(0);
  if (end > 0 && end < text.size() && text[end] == '.') {
    const size_t minor = digits(end + 1);
    if (minor > end + 1) end = minor;
  }
  const auto number = parse_number<double>(text.substr(0, end));
  return number && *number > 0 ? number : std::nullopt;
}

std::optional<int64_t> OsRelease::support_end_seconds() const {
  const std::string_view text = support_end;
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto year = parse_number<int>(text.substr(0, 4));
  const auto month = parse_number<unsigned>(text.substr(5, 2));
  const auto day = parse_number<unsigned>(text.substr(8, 2));
  if (!year || !month || !day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(*month), std::chrono::day(*day)};
  if (!date.ok()) return std::nullopt;
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::sys_days(date).time_since_epoch()).count();
}

Result<std::unique_ptr<Collector>> make_os(const Options& options) { return std::make_unique<Os>(options); }

}  // namespace weir::host
