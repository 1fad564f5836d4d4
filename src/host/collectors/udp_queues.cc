#include "host/collectors/udp_queues.h"

#include "base/kept_file.h"
#include "base/text.h"
#include "host/collectors/options.h"

namespace weir::host {
namespace {

class UdpQueues : public Collector {
 public:
  explicit UdpQueues(const Options& options)
      : versions_{{{.label = "v4",
                    .protocol = "UDP",
                    .counts = options.shared->get(options.procfs + "/net/sockstat", Shape::one_record),
                    .sockets = KeptFile(options.procfs + "/net/udp", Shape::short_records)},
                   {.label = "v6",
                    .protocol = "UDP6",
                    .counts = options.shared->get(options.procfs + "/net/sockstat6", Shape::one_record),
                    .sockets = KeptFile(options.procfs + "/net/udp6", Shape::short_records)}}} {}

  Result<> collect(telemetry::Exposition& out) override {
    out.family("node_udp_queues", telemetry::MetricType::gauge,
               "Number of allocated memory in the kernel for UDP datagrams in bytes.");
    bool any = false;
    for (Version& version : versions_) {
      std::optional<SocketQueues> queues;
      if (has_no_sockets(version)) {
        queues.emplace();
      } else {
        const auto text = version.sockets.try_read();
        if (!text && version.sockets.is_missing()) continue;  // without that version of IP
        if (!text) return version.sockets.failure();
        queues = parse_socket_queues(*text);
        if (!queues) return fail("{} is not what it should be: {}", version.sockets.path(), shortened(*text));
      }
      out.sample({{"queue", "tx"}, {"ip", version.label}}, queues->transmit);
      out.sample({{"queue", "rx"}, {"ip", version.label}}, queues->receive);
      any = true;
    }
    if (!any) return no_data();
    return {};
  }

 private:
  struct Version {
    std::string_view label;
    std::string_view protocol;
    std::shared_ptr<SharedFile> counts;
    KeptFile sockets;
  };

  // The number of sockets is cheap. Their list makes the kernel walk its whole table, of a megabyte, even if it is
  // empty.
  static bool has_no_sockets(Version& version) {
    const auto text = version.counts->read_if_there(SharedFile::Reader::udp_queues);
    return text && sockets_in_use(*text, version.protocol) == 0;
  }

  std::array<Version, 2> versions_;
};

}  // namespace

std::optional<uint64_t> sockets_in_use(std::string_view text, std::string_view protocol) {
  while (!text.empty()) {
    std::string_view line = next_line(text);
    std::string_view name = next_word(line);
    if (!name.ends_with(':')) continue;
    name.remove_suffix(1);
    if (name == protocol && next_word(line) == "inuse") return parse_number<uint64_t>(next_word(line));
  }
  return std::nullopt;
}

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
