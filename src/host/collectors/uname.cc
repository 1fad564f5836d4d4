#include "host/collectors/uname.h"

#include <sys/utsname.h>

namespace weir::host {
namespace {

class Uname : public Collector {
 public:
  Result<> collect(telemetry::Exposition& out) override {
    // Only the names of host and domain can change.
    if (age_++ % kScrapesUntilAsked == 0 && ::uname(&name_) != 0) return fail_errno("uname");
    out.family("node_uname_info", telemetry::MetricType::gauge,
               "Labeled system information as provided by the uname system call.");
    out.sample({{"domainname", name_.domainname},
                {"machine", name_.machine},
                {"nodename", name_.nodename},
                {"release", name_.release},
                {"sysname", name_.sysname},
                {"version", name_.version}},
               1);
    return {};
  }

 private:
  static constexpr unsigned kScrapesUntilAsked = 8;
  utsname name_{};
  unsigned age_ = 0;
};

}  // namespace

Result<std::unique_ptr<Collector>> make_uname(const Options&) { return std::make_unique<Uname>(); }

}  // namespace weir::host
