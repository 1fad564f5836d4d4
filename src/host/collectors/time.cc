#include "host/collectors/time.h"

#include <ctime>
#include <vector>

#include "base/text.h"
#include "host/collectors/options.h"
#include "host/kernel/attribute.h"
#include "host/kernel/directory.h"

namespace weir::host {
namespace {

using enum telemetry::MetricType;

// How often the clock source is read: it changes by hand, or when the kernel finds it unstable.
constexpr unsigned kSourcesEvery = 8;

struct ClockSource {
  std::string device;
  Attribute available;
  Attribute current;
  std::string available_now;
  std::string current_now;
};

class Time : public Collector {
 public:
  explicit Time(const Options& options) : sources_watch_(options.sysfs + "/devices/system/clocksource", "clocksource") {
    ::tzset();  // reads /etc/localtime, before the sandbox may forbid it
  }

  Result<> collect(telemetry::Exposition& out) override {
    if (sources_watch_.changed()) find_sources();
    if (age_++ % kSourcesEvery == 0) {
      for (ClockSource& source : sources_) {
        source.available_now = source.available.read(buffer_).value_or("");
        source.current_now = source.current.read(buffer_).value_or("");
      }
    }
    out.family("node_time_clocksource_available_info", gauge,
               "Available clocksources read from '/sys/devices/system/clocksource'.");
    for (const ClockSource& source : sources_) {
      std::string_view names = source.available_now;
      for (std::string_view name = next_word(names); !name.empty(); name = next_word(names))
        out.sample({{"clocksource", name}, {"device", source.device}}, 1);
    }
    out.family("node_time_clocksource_current_info", gauge,
               "Current clocksource read from '/sys/devices/system/clocksource'.");
    for (const ClockSource& source : sources_)
      if (!source.current_now.empty()) out.sample({{"clocksource", source.current_now}, {"device", source.device}}, 1);

    std::timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    out.single("node_time_seconds", gauge, "System time in seconds since epoch (1970).",
               static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9);
    std::tm local{};
    if (::localtime_r(&now.tv_sec, &local) == nullptr) return fail("the time {} has no date", now.tv_sec);
    out.family("node_time_zone_offset_seconds", gauge, "System time zone offset in seconds.");
    out.sample({{"time_zone", local.tm_zone}}, static_cast<int64_t>(local.tm_gmtoff));
    return {};
  }

 private:
  void find_sources() {
    sources_.clear();
    age_ = 0;
    for (const std::string& name : sources_watch_.names()) {
      const std::string directory = sources_watch_.path() + "/" + name;
      sources_.push_back({std::to_string(sources_.size()),
                          Attribute(directory + "/available_clocksource"),
                          Attribute(directory + "/current_clocksource"),
                          {},
                          {}});
    }
  }

  DirectoryWatch sources_watch_;
  std::vector<ClockSource> sources_;
  unsigned age_ = 0;
  AttributeBuffer buffer_;
};

}  // namespace

Result<std::unique_ptr<Collector>> make_time(const Options& options) { return std::make_unique<Time>(options); }

}  // namespace weir::host
