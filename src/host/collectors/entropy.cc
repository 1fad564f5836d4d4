#include "host/collectors/entropy.h"

#include "base/kept_file.h"
#include "base/text.h"
#include "host/collectors/options.h"

namespace weir::host {
namespace {

class Entropy : public Collector {
 public:
  explicit Entropy(const Options& options)
      : available_(options.procfs + "/sys/kernel/random/entropy_avail", Shape::one_record),
        pool_size_(options.procfs + "/sys/kernel/random/poolsize", Shape::one_record) {}

  Result<> collect(telemetry::Exposition& out) override {
    using enum telemetry::MetricType;
    if (!pool_bits_) {  // a constant of the kernel
      const auto size = TRY(pool_size_.read());
      pool_bits_ = parse_number<uint64_t>(trimmed(size));
    }
    const auto available = TRY(available_.read());
    const auto bits = parse_number<uint64_t>(trimmed(available));
    if (!bits || !pool_bits_) return fail("{} or {} is not a number", available_.path(), pool_size_.path());
    out.single("node_entropy_available_bits", gauge, "Bits of available entropy.", *bits);
    out.single("node_entropy_pool_size_bits", gauge, "Bits of entropy pool.", *pool_bits_);
    return {};
  }

 private:
  KeptFile available_;
  KeptFile pool_size_;
  std::optional<uint64_t> pool_bits_;
};

}  // namespace

Result<std::unique_ptr<Collector>> make_entropy(const Options& options) { return std::make_unique<Entropy>(options); }

}  // namespace weir::host
