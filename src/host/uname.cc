#include "host/uname.h"

#include <sys/utsname.h>

namespace weir::host {
namespace {

class Uname : public Collector {
 public:
  Result<> collect(telemetry::Exposition& out) override {
    utsname name{};
    if (::uname(&name) != 0) return fail_errno("uname");
    out.family("node_uname_info", telemetry::MetricType::gauge,
               "Labeled system information as provided by the uname system call.");
    out.sample({{"domainname", name.domainname},
                {"machine", name.machine},
                {"nodename", name.nodename},
                {"release", name.release},
                {"sysname", name.sysname},
                {"version", name.version}},
               1);
    return {};
  }
};

}  // namespace

Result<std::unique_ptr<Collector>> make_uname(const Options&) { return std::make_unique<Uname>(); }

}  // namespace weir::host
