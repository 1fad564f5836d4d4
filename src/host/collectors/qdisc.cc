#include "host/collectors/qdisc.h"

#include <linux/gen_stats.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "host/collectors/options.h"
#include "host/kernel/links.h"
#include "host/select/remembered_selector.h"

namespace weir::host {
namespace {

using enum telemetry::MetricType;

struct Family {
  std::string_view name;
  telemetry::MetricType type;
  std::string_view help;
  uint64_t Qdisc::* value;
};
constexpr auto kFamilies = std::to_array<Family>({
    {"node_qdisc_backlog", gauge, "Number of bytes currently in queue to be sent.", &Qdisc::backlog_bytes},
    {"node_qdisc_bytes_total", counter, "Number of bytes sent.", &Qdisc::bytes},
    {"node_qdisc_current_queue_length", gauge, "Number of packets currently in queue to be sent.",
     &Qdisc::queue_length},
    {"node_qdisc_drops_total", counter, "Number of packets dropped.", &Qdisc::drops},
    {"node_qdisc_overlimits_total", counter, "Number of overlimit packets.", &Qdisc::overlimits},
    {"node_qdisc_packets_total", counter, "Number of packets sent.", &Qdisc::packets},
    {"node_qdisc_requeues_total", counter, "Number of packets dequeued, not transmitted, and requeued.",
     &Qdisc::requeues},
});

// Families of the disciplines below mq and mqprio, one for each transmit queue of the interface.
constexpr auto kQueueFamilies = std::to_array<Family>({
    {"weir_qdisc_queue_backlog_bytes", gauge, "Bytes that wait in the discipline of one transmit queue.",
     &Qdisc::backlog_bytes},
    {"weir_qdisc_queue_drops_total", counter, "Packets that the discipline of one transmit queue has dropped.",
     &Qdisc::drops},
    {"weir_qdisc_queue_requeues_total", counter, "Packets that the discipline of one transmit queue has taken back.",
     &Qdisc::requeues},
});

class QdiscCollector : public Collector {
 public:
  QdiscCollector(const Options& options, Selector selector) : links_(options.links), selector_(std::move(selector)) {}

  Result<> collect(telemetry::Exposition& out) override {
    const auto asked =
        socket_.ask(request_, [this] { count_ = 0; }, [this](const netlink::Message& message) { add(message); });
    if (!asked) return fail("cannot list the queueing disciplines: {}", asked.error().message);
    const std::span<const Link> links = TRY(links_->read(seen_));
    choose(links);
    for (const Family& family : kFamilies) {
      out.family(family.name, family.type, family.help);
      for (const Shown& shown : roots_)
        out.sample({{"device", shown.device}, {"kind", shown.qdisc->kind}}, (*shown.qdisc).*family.value);
    }
    for (const Family& family : kQueueFamilies) {
      out.family(family.name, family.type, family.help);
      for (const Shown& shown : queues_) write_queue(shown, (*shown.qdisc).*family.value, out);
    }
    return {};
  }

 private:
  struct Shown {
    const Qdisc* qdisc;
    std::string_view device;
  };

  void add(const netlink::Message& message) {
    if (message.type != RTM_NEWQDISC) return;
    if (count_ == qdiscs_.size()) qdiscs_.emplace_back();
    if (parse_qdisc(message.payload, qdiscs_[count_])) ++count_;
  }

  void choose(std::span<const Link> links) {
    roots_.clear();
    queues_.clear();
    const std::span<const Qdisc> all = std::span<const Qdisc>(qdiscs_).first(count_);
    size_t position = 0;
    for (const Link& link : links) {
      if (!selector_.selects(position++, link.name)) continue;
      // Several disciplines at the root of an interface would have the same series.
      const auto root = std::ranges::find_if(
          all, [&](const Qdisc& one) { return one.link_index == link.index && one.parent == TC_H_ROOT; });
      if (root == all.end()) continue;
      roots_.push_back({&*root, link.name});
      if (root->kind != "mq" && root->kind != "mqprio") continue;
      for (const Qdisc& one : all) {
        if (one.link_index == link.index && one.parent != TC_H_ROOT && TC_H_MAJ(one.parent) == TC_H_MAJ(root->handle) &&
            TC_H_MIN(one.parent) > 0)
          queues_.push_back({&one, link.name});
      }
    }
  }

  static void write_queue(const Shown& shown, uint64_t value, telemetry::Exposition& out) {
    std::array<char, 10> digits;
    const char* end = std::to_chars(digits.begin(), digits.end(), TC_H_MIN(shown.qdisc->parent) - 1).ptr;
    out.sample({{"device", shown.device}, {"kind", shown.qdisc->kind}, {"queue", {digits.data(), end}}}, value);
  }

  std::shared_ptr<LinkTable> links_;
  uint64_t seen_ = 0;
  RememberedSelector selector_;
  netlink::Socket socket_{NETLINK_ROUTE};
  netlink::Request request_{RTM_GETQDISC, NLM_F_DUMP, tcmsg{}};
  std::vector<Qdisc> qdiscs_;
  size_t count_ = 0;
  std::vector<Shown> roots_;
  std::vector<Shown> queues_;
};

// Copies as much of a plain struct as the kernel has sent; the rest is 0.
template <class Plain>
Plain plain(ByteView value) {
  Plain read{};
  std::memcpy(&read, value.data(), std::min(value.size(), sizeof(Plain)));
  return read;
}

void take_statistics(ByteView nested, Qdisc& qdisc) {
  netlink::Attributes attributes(nested);
  while (const auto attribute = attributes.next()) {
    if (attribute->type == TCA_STATS_BASIC) {
      const auto basic = plain<gnet_stats_basic>(attribute->value);
      qdisc.bytes = basic.bytes;
      qdisc.packets = std::max<uint64_t>(qdisc.packets, basic.packets);
    } else if (attribute->type == TCA_STATS_PKT64) {
      qdisc.packets = plain<uint64_t>(attribute->value);
    } else if (attribute->type == TCA_STATS_QUEUE) {
      const auto queue = plain<gnet_stats_queue>(attribute->value);
      qdisc.queue_length = queue.qlen;
      qdisc.backlog_bytes = queue.backlog;
      qdisc.drops = queue.drops;
      qdisc.requeues = queue.requeues;
      qdisc.overlimits = queue.overlimits;
    }
  }
}

}  // namespace

bool parse_qdisc(ByteView payload, Qdisc& qdisc) {
  auto message = netlink::framed<tcmsg>(payload);
  if (!message) return false;
  std::string kind = std::move(qdisc.kind);
  kind.clear();
  qdisc = {.link_index = static_cast<uint32_t>(message->header.tcm_ifindex),
           .handle = message->header.tcm_handle,
           .parent = message->header.tcm_parent,
           .kind = std::move(kind)};
  while (const auto attribute = message->attributes.next()) {
    if (attribute->type == TCA_KIND) qdisc.kind = netlink::text_of(attribute->value);
    if (attribute->type == TCA_STATS2) take_statistics(attribute->value, qdisc);
  }
  return !qdisc.kind.empty();
}

Result<std::unique_ptr<Collector>> make_qdisc(const Options& options) {
  Selector selector = TRY(Selector::compile(options.qdisc_device, "--collector.qdisc.device"));
  return std::make_unique<QdiscCollector>(options, std::move(selector));
}

}  // namespace weir::host
