#include "host/collectors/pressure.h"

#include <array>

#include "base/kept_file.h"
#include "host/collectors/options.h"
#include "host/kernel/psi.h"

namespace weir::host {
namespace {

using enum telemetry::MetricType;

class Pressure : public Collector {
 public:
  explicit Pressure(const Options& options)
      : cpu_(options.procfs + "/pressure/cpu", Shape::one_record),
        io_(options.procfs + "/pressure/io", Shape::one_record),
        irq_(options.procfs + "/pressure/irq", Shape::one_record),
        memory_(options.procfs + "/pressure/memory", Shape::one_record) {}

  // Without CONFIG_PSI the files are missing; with psi=0 reading them fails.
  Result<> collect(telemetry::Exposition& out) override {
    const auto cpu = read(cpu_);
    if (!cpu) return no_data();
    write(out, "node_pressure_cpu_waiting_seconds_total",
          "Total time in seconds that processes have waited for CPU time", cpu->some_us);
    if (const auto io = read(io_)) {
      write(out, "node_pressure_io_stalled_seconds_total",
            "Total time in seconds no process could make progress due to IO congestion", io->full_us);
      write(out, "node_pressure_io_waiting_seconds_total",
            "Total time in seconds that processes have waited due to IO congestion", io->some_us);
    }
    if (const auto irq = read(irq_))
      write(out, "node_pressure_irq_stalled_seconds_total",
            "Total time in seconds no process could make progress due to IRQ congestion", irq->full_us);
    if (const auto memory = read(memory_)) {
      write(out, "node_pressure_memory_stalled_seconds_total",
            "Total time in seconds no process could make progress due to memory congestion", memory->full_us);
      write(out, "node_pressure_memory_waiting_seconds_total",
            "Total time in seconds that processes have waited for memory", memory->some_us);
    }
    return {};
  }

 private:
  static std::optional<Psi> read(KeptFile& file) {
    const auto text = file.read_if_there();
    if (!text) return std::nullopt;
    return parse_psi(*text);
  }
  static void write(telemetry::Exposition& out, std::string_view name, std::string_view help,
                    const std::optional<uint64_t>& microseconds) {
    if (microseconds) out.single(name, counter, help, static_cast<double>(*microseconds) / 1e6);
  }

  KeptFile cpu_;
  KeptFile io_;
  KeptFile irq_;
  KeptFile memory_;
};

}  // namespace

Result<std::unique_ptr<Collector>> make_pressure(const Options& options) { return std::make_unique<Pressure>(options); }

}  // namespace weir::host
