#include "host/collectors/sockstat.h"

#include <unistd.h>

#include "base/kept_file.h"
#include "base/text.h"
#include "host/collectors/options.h"

namespace weir::host {
namespace {

using enum telemetry::MetricType;

class Sockstat : public Collector {
 public:
  explicit Sockstat(const Options& options)
      : four_(options.shared->get(options.procfs + "/net/sockstat", Shape::one_record)),
        six_(options.shared->get(options.procfs + "/net/sockstat6", Shape::one_record)) {}

  // A file is missing if the kernel lacks the protocol family.
  Result<> collect(telemetry::Exposition& out) override {
    for (SharedFile* file : {four_.get(), six_.get()}) {
      std::string_view text = file->read_if_there(SharedFile::Reader::sockstat).value_or("");
      while (!text.empty()) {
        const std::string_view line = next_line(text);
        if (!write_line(out, line)) return fail("{}: cannot read \"{}\"", file->path(), shortened(line));
      }
    }
    return {};
  }

 private:
  // "TCP: inuse 5 orphan 0 tw 0 alloc 10 mem 1", "sockets: used 290".
  bool write_line(telemetry::Exposition& out, std::string_view line) {
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) return trimmed(line).empty();
    const std::string_view protocol = line.substr(0, colon);
    line.remove_prefix(colon + 1);
    while (true) {
      const std::string_view field = next_word(line);
      if (field.empty()) return true;
      const auto value = parse_number<int64_t>(next_word(line));
      if (!value || !is_name(protocol) || !is_name(field)) return false;
      if (protocol == "sockets") {
        if (field == "used") out.single("node_sockstat_sockets_used", gauge, "Number of IPv4 sockets in use.", *value);
        continue;
      }
      write_field(out, protocol, field, *value);
      // Pages.
      if (field == "mem") write_field(out, protocol, "mem_bytes", *value * page_size_);
    }
  }

  void write_field(telemetry::Exposition& out, std::string_view protocol, std::string_view field, int64_t value) {
    name_.assign("node_sockstat_").append(protocol).append("_").append(field);
    help_.assign("Number of ").append(protocol).append(" sockets in state ").append(field).append(".");
    out.single(name_, gauge, help_, value);
  }

  std::shared_ptr<SharedFile> four_;
  std::shared_ptr<SharedFile> six_;
  int64_t page_size_ = ::sysconf(_SC_PAGESIZE);
  std::string name_;
  std::string help_;
};

}  // namespace

Result<std::unique_ptr<Collector>> make_sockstat(const Options& options) { return std::make_unique<Sockstat>(options); }

}  // namespace weir::host
