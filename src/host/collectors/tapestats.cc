#include "host/collectors/tapestats.h"

#include <array>

#include "host/collectors/attribute_table.h"
#include "host/collectors/options.h"
#include "host/kernel/directory.h"
#include "host/select/selection.h"

namespace weir::host {
namespace {

using enum telemetry::MetricType;

constexpr std::array<AttributeFamily, 10> kFamilies{{
    {"in_flight", "node_tape_io_now", gauge, "The number of I/Os currently outstanding to this device."},
    {"other_cnt", "node_tape_io_others_total", counter,
     "The number of I/Os issued to the tape drive other than read or write commands. The time taken to complete these "
     "commands uses the following calculation io_time_seconds_total-read_time_seconds_total-write_time_seconds_total"},
    {"io_ns", "node_tape_io_time_seconds_total", counter,
     "The amount of time spent waiting for all I/O to complete (including read and write). "
     "This includes tape movement commands such as seeking between file or set marks "
     "and implicit tape movement such as when rewind on close tape devices are used.",
     1e9},
    {"read_byte_cnt", "node_tape_read_bytes_total", counter, "The number of bytes read from the tape drive."},
    {"read_ns", "node_tape_read_time_seconds_total", counter,
     "The amount of time spent waiting for read requests to complete.", 1e9},
    {"read_cnt", "node_tape_reads_completed_total", counter, "The number of read requests issued to the tape drive."},
    {"resid_cnt", "node_tape_residual_total", counter,
     "The number of times during a read or write we found the residual amount to be non-zero. This should mean that a "
     "program is issuing a read larger thean the block size on tape. For write not all data made it to tape."},
    {"write_ns", "node_tape_write_time_seconds_total", counter,
     "The amount of time spent waiting for write requests to complete.", 1e9},
    {"write_cnt", "node_tape_writes_completed_total", counter,
     "The number of write requests issued to the tape drive."},
    {"write_byte_cnt", "node_tape_written_bytes_total", counter, "The number of bytes written to the tape drive."},
}};

class Tapestats : public Collector {
 public:
  Tapestats(const Options& options, Pattern ignored)
      : ignored_(std::move(ignored)), watch_(options.sysfs + "/class/scsi_tape", "st") {}

  Result<> collect(telemetry::Exposition& out) override {
    if (watch_.changed()) {
      table_.clear();
      for (const std::string& name : watch_.names()) {
        // "st0a", "nst0" are other modes of the same drive.
        if (!parse_number<uint32_t>(std::string_view(name).substr(2)) || ignored_.matches(name)) continue;
        table_.add(watch_.path() + "/" + name + "/stats", {{"device", name}});
      }
    }
    if (!watch_.there()) return no_data();
    table_.write(out);
    return {};
  }

 private:
  Pattern ignored_;
  DirectoryWatch watch_;
  AttributeTable table_{kFamilies};
};

}  // namespace

Result<std::unique_ptr<Collector>> make_tapestats(const Options& options) {
  auto ignored = TRY(Pattern::compile(options.tapestats_ignored, "--collector.tapestats.ignored-devices"));
  return std::make_unique<Tapestats>(options, std::move(ignored));
}

}  // namespace weir::host
