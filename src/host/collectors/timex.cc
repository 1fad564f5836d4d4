#include "host/collectors/timex.h"

#include <sys/timex.h>

#include <cerrno>

namespace weir::host {
namespace {

using enum telemetry::MetricType;

class Timex : public Collector {
 public:
  Result<> collect(telemetry::Exposition& out) override {
    timex clock{};  // modes 0: only ask
    const int state = ::adjtimex(&clock);
    if (state < 0) {
      if (errno == EPERM || errno == EACCES) return no_data();
      return fail_errno("adjtimex");
    }
    constexpr double kMicro = 1e6;
    constexpr double kPpmFraction = 1e6 * 65536;  // adjtimex(2), NOTES
    const double resolution = (clock.status & STA_NANO) != 0 ? 1e9 : 1e6;
    const double offset = static_cast<double>(clock.offset) / resolution;
    // A larger number has overflowed in the kernel (2^32 ns), which happens on some virtual machines.
    constexpr double kImpossibleOffset = 4;
    if (offset > kImpossibleOffset || offset < -kImpossibleOffset) ++overflows_;

    const auto write = [&](std::string_view name, std::string_view help, double value) {
      out.single(name, gauge, help, value);
    };
    const auto count = [&](std::string_view name, std::string_view help, auto value) {
      out.single(name, counter, help, static_cast<int64_t>(value));
    };
    write("node_timex_estimated_error_seconds", "Estimated error in seconds.",
          static_cast<double>(clock.esterror) / kMicro);
    write("node_timex_frequency_adjustment_ratio", "Local clock frequency adjustment.",
          1 + static_cast<double>(clock.freq) / kPpmFraction);
    write("node_timex_loop_time_constant", "Phase-locked loop time constant.", static_cast<double>(clock.constant));
    write("node_timex_maxerror_seconds", "Maximum error in seconds.", static_cast<double>(clock.maxerror) / kMicro);
    count("node_timex_offset_overflow_total",
          "Count of adjtimex() offset readings indicating kernel overflow (|offset| > 4s). See "
          "https://github.com/prometheus/node_exporter/issues/3764",
          overflows_);
    write("node_timex_offset_seconds", "Time offset in between local system and reference clock.", offset);
    count("node_timex_pps_calibration_total", "Pulse per second count of calibration intervals.", clock.calcnt);
    count("node_timex_pps_error_total", "Pulse per second count of calibration errors.", clock.errcnt);
    write("node_timex_pps_frequency_hertz", "Pulse per second frequency.",
          static_cast<double>(clock.ppsfreq) / kPpmFraction);
    write("node_timex_pps_jitter_seconds", "Pulse per second jitter.", static_cast<double>(clock.jitter) / resolution);
    count("node_timex_pps_jitter_total", "Pulse per second count of jitter limit exceeded events.", clock.jitcnt);
    write("node_timex_pps_shift_seconds", "Pulse per second interval duration.", static_cast<double>(clock.shift));
    count("node_timex_pps_stability_exceeded_total", "Pulse per second count of stability limit exceeded events.",
          clock.stbcnt);
    write("node_timex_pps_stability_hertz", "Pulse per second stability, average of recent frequency changes.",
          static_cast<double>(clock.stabil) / kPpmFraction);
    write("node_timex_status", "Value of the status array bits.", clock.status);
    write("node_timex_sync_status", "Is clock synchronized to a reliable server (1 = yes, 0 = no).",
          state == TIME_ERROR ? 0 : 1);
    write("node_timex_tai_offset_seconds", "International Atomic Time (TAI) offset.", clock.tai);
    write("node_timex_tick_seconds", "Seconds between clock ticks.", static_cast<double>(clock.tick) / kMicro);
    return {};
  }

 private:
  uint64_t overflows_ = 0;
};

}  // namespace

Result<std::unique_ptr<Collector>> make_timex(const Options&) { return std::make_unique<Timex>(); }

}  // namespace weir::host
