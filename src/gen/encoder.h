// One export protocol: flows in, datagrams out. A datagram is begin, add while flows fit, finish.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "gen/exporter.h"
#include "gen/wire_writer.h"

namespace weir::gen {

class Encoder {
 public:
  virtual ~Encoder() = default;

  virtual void begin(Timestamp now) = 0;
  // False, and nothing done, if the flow does not fit any more. The first one after begin() always fits. May change
  // packets and bytes to what the protocol can express.
  virtual bool add(Flow& flow) = 0;
  virtual ByteView finish() = 0;

  // What happens to an exporter in its life. Each takes effect with the next begin().
  virtual void change_templates() {}    // other layouts, under the same ids or new ones
  virtual void restart() {}             // uptime and sequence numbers begin again
  virtual void clock_jumped(Micros) {}  // begin() gets times of another clock; the uptime does not jump

  uint64_t option_records() const { return option_records_; }

 protected:
  uint64_t option_records_ = 0;
};

std::unique_ptr<Encoder> make_v5_encoder(const ExporterOptions& options);
std::unique_ptr<Encoder> make_v9_encoder(const ExporterOptions& options);
std::unique_ptr<Encoder> make_ipfix_encoder(const ExporterOptions& options);
std::unique_ptr<Encoder> make_sflow_encoder(const ExporterOptions& options);

// The exporter's own clock: milliseconds since its start, which was some days before the first export.
class Uptime {
 public:
  explicit Uptime(uint64_t seed) : age_{static_cast<int64_t>(1 + mix(seed) % 20) * 86'400'000'000} {}
  uint32_t at(Timestamp now) {
    if (!start_) start_ = now - age_;
    return static_cast<uint32_t>((now - *start_).count() / 1000);  // wraps after 49.7 days, as in routers
  }

  void restart() {
    age_ = Micros{5'000'000};
    start_.reset();
  }
  void clock_jumped(Micros jump) {
    if (start_) *start_ += jump;
  }

 private:
  Micros age_;
  std::optional<Timestamp> start_;
};

}  // namespace weir::gen
