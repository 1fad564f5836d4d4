#include "host/collectors/netqueues.h"

#include <charconv>
#include <vector>

#include "host/collectors/options.h"
#include "host/kernel/generic_netlink.h"
#include "host/kernel/links.h"

namespace weir::host {
namespace {

// linux/netdev.h, which is newer than the kernel headers of Debian 12.
constexpr uint8_t kQueueStatisticsGet = 12;
constexpr uint16_t kIndex = 1;
constexpr uint16_t kType = 2;  // 0: receive, 1: transmit
constexpr uint16_t kQueue = 3;
constexpr uint16_t kScope = 4;
constexpr uint32_t kScopeQueue = 1;
// An adapter has a queue for each CPU and direction.
constexpr size_t kMaxQueues = 16'384;

struct Family {
  std::string_view name;
  std::string_view help;
  uint16_t counter;
  bool transmit;
};
constexpr auto kFamilies = std::to_array<Family>({
    {"weir_network_queue_receive_packets_total", "Packets received by one queue of an interface.", 8, false},
    {"weir_network_queue_receive_bytes_total", "Bytes received by one queue of an interface.", 9, false},
    {"weir_network_queue_receive_allocation_failures_total",
     "Packets that one receive queue could not take as there was no memory.", 12, false},
    {"weir_network_queue_receive_drops_total", "Packets that the adapter dropped before one receive queue.", 13, false},
    {"weir_network_queue_receive_overruns_total", "Packets of those dropped for which one receive queue had no room.",
     14, false},
    {"weir_network_queue_transmit_packets_total", "Packets sent by one queue of an interface.", 10, true},
    {"weir_network_queue_transmit_bytes_total", "Bytes sent by one queue of an interface.", 11, true},
    {"weir_network_queue_transmit_drops_total", "Packets that the adapter dropped from one transmit queue.", 24, true},
    {"weir_network_queue_transmit_stops_total", "Times that one transmit queue was full.", 33, true},
});

class Netqueues : public Collector {
 public:
  explicit Netqueues(const Options& options) : links_(options.links) {}

  Result<> collect(telemetry::Exposition& out) override {
    if (!socket_.there()) return no_data();
    if (!request_) {
      request_ = socket_.request(kQueueStatisticsGet, NLM_F_DUMP);
      request_->add(kScope, kScopeQueue);
    }
    const auto asked = socket_.ask(
        *request_, [this] { queues_.clear(); },
        [this](const netlink::Message& message) {
          auto queue = parse_queue(message.payload);
          if (queue && queues_.size() < kMaxQueues) queues_.push_back(*queue);
        });
    if (!asked && socket_.last_errno() == EOPNOTSUPP) return no_data();  // Linux 6.7 has the family without these
    if (!asked) return fail("cannot list the queues of the interfaces: {}", asked.error().message);
    if (queues_.empty()) return {};
    TRY(links_->read(seen_));
    for (const Family& family : kFamilies) write(family, out);
    return {};
  }

 private:
  void write(const Family& family, telemetry::Exposition& out) const {
    out.family(family.name, telemetry::MetricType::counter, family.help);
    for (const QueueCounters& queue : queues_) {
      const std::optional<uint64_t> value = queue.counters[family.counter];
      const std::string_view device = links_->name_of(queue.link_index);
      if (!value || queue.transmit != family.transmit || device.empty()) continue;
      std::array<char, 10> digits;
      const char* end = std::to_chars(digits.data(), digits.data() + digits.size(), queue.queue).ptr;
      out.sample({{"device", device}, {"queue", {digits.data(), end}}}, *value);
    }
  }

  std::shared_ptr<LinkTable> links_;
  uint64_t seen_ = 0;
  netlink::GenericSocket socket_{"netdev"};
  std::optional<netlink::Request> request_;
  std::vector<QueueCounters> queues_;
};

}  // namespace

std::optional<QueueCounters> parse_queue(ByteView payload) {
  auto message = netlink::framed<genlmsghdr>(payload);
  if (!message) return std::nullopt;
  QueueCounters queue;
  bool has_index = false;
  bool has_queue = false;
  while (const auto attribute = message->attributes.next()) {
    // The kernel takes the shorter form for small numbers.
    auto number = netlink::host_order<uint64_t>(attribute->value);
    if (!number) number = netlink::host_order<uint32_t>(attribute->value);
    if (!number) continue;
    switch (attribute->type) {
      case kIndex:
        queue.link_index = static_cast<uint32_t>(*number);
        has_index = true;
        break;
      case kType:
        queue.transmit = *number == 1;
        break;
      case kQueue:
        queue.queue = static_cast<uint32_t>(*number);
        has_queue = true;
        break;
      default:
        if (attribute->type < QueueCounters::kCounters) queue.counters[attribute->type] = *number;
        break;
    }
  }
  if (!has_index || !has_queue) return std::nullopt;
  return queue;
}

Result<std::unique_ptr<Collector>> make_netqueues(const Options& options) {
  return std::make_unique<Netqueues>(options);
}

}  // namespace weir::host
