#include "host/udp_queues.h"

#include <cerrno>

#include "host/options.h"
#include "host/source.h"
#include "host/text.h"

namespace weir::host {
namespace {

class UdpQueues : public Collector {
 public:
  explicit UdpQueues(const Options& options)
      : files_{{{"v4", KeptFile(options.procfs + "/net/udp", Shape::short_records)},
                {"v6", KeptFile(options.procfs + "/net/udp6", Shape::short_records)}}} {}

  Result<> collect(telemetry::Exposition& out) override {
    out.family("node_udp_queues", telemetry::MetricType::gauge,
               "Number of allocated memory in the kernel for UDP datagrams in bytes.");
    bool any = false;
    for (auto& [version, file] : files_) {
      const Result<std::string_view> text = file.read();
      if (!text && file.last_errno() == ENOENT) continue;  // without that version of IP
      if (!text) return std::unexpected(text.error());
      const auto queues = parse_socket_queues(*text);
      if (!queues) return fail("{} is not what it should be: {}", file.path(), shortened(*text));
      out.sample({{"queue", "tx"}, {"ip", version}}, queues->transmit);
      out.sample({{"queue", "rx"}, {"ip", version}}, queues->receive);
      any = true;
    }
    if (!any) return no_data();
    return {};
  }

 private:
  struct VersionFile {
    std::string_view version;
    KeptFile file;
  };
  std::array<VersionFile, 2> files_;
};

}  // namespace

std::optional<SocketQueues> parse_socket_queues(std::string_view text) {
  if (next_line(text).empty()) return std::nullopt;
  SocketQueues sum;
  while (!text.empty()) {
    std::string_view line = next_line(text);
    std::string_view word;
    for (int i = 0; i < 5; ++i) word = next_word(line);
    const size_t colon = word.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    const auto transmit = parse_number<uint64_t>(word.substr(0, colon), 16);
    const auto receive = parse_number<uint64_t>(word.substr(colon + 1), 16);
    if (!transmit || !receive) return std::nullopt;
    sum.transmit += *transmit;
    sum.receive += *receive;
  }
  return sum;
}

Result<std::unique_ptr<Collector>> make_udp_queues(const Options& options) {
  return std::make_unique<UdpQueues>(options);
}

}  // namespace weir::host
