#include "host/collectors/fibrechannel.h"

#include <array>
#include <limits>
#include <vector>

#include "host/collectors/options.h"
#include "host/kernel/attribute.h"
#include "host/kernel/directory.h"

namespace weir::host {
namespace {

using enum telemetry::MetricType;
using telemetry::Label;

struct Counter {
  std::string_view file;
  std::string_view family;
  std::string_view help;
};
constexpr auto kCounters = std::to_array<Counter>({
    {"dumped_frames", "node_fibrechannel_dumped_frames_total", "Number of dumped frames"},
    {"error_frames", "node_fibrechannel_error_frames_total", "Number of errors in frames"},
    {"fcp_packet_aborts", "node_fibrechannel_fcp_packet_aborts_total", "Number of aborted packets"},
    {"invalid_crc_count", "node_fibrechannel_invalid_crc_total", "Invalid Cyclic Redundancy Check count"},
    {"invalid_tx_word_count", "node_fibrechannel_invalid_tx_words_total",
     "Number of invalid words transmitted by host port"},
    {"link_failure_count", "node_fibrechannel_link_failure_total", "Number of times the host port link has failed"},
    {"loss_of_signal_count", "node_fibrechannel_loss_of_signal_total", "Number of times signal has been lost"},
    {"loss_of_sync_count", "node_fibrechannel_loss_of_sync_total",
     "Number of failures on either bit or transmission word boundaries"},
    {"nos_count", "node_fibrechannel_nos_total", "Number Not_Operational Primitive Sequence received by host port"},
    {"rx_frames", "node_fibrechannel_rx_frames_total", "Number of frames received"},
    {"rx_words", "node_fibrechannel_rx_words_total", "Number of words received by host port"},
    {"seconds_since_last_reset", "node_fibrechannel_seconds_since_last_reset_total",
     "Number of seconds since last host port reset"},
    {"tx_frames", "node_fibrechannel_tx_frames_total", "Number of frames transmitted by host port"},
    {"tx_words", "node_fibrechannel_tx_words_total", "Number of words transmitted by host port"},
});

// The texts of node_fibrechannel_info. A port's state and speed change: they are read each time.
constexpr auto kTexts =
    std::to_array<std::string_view>({"dev_loss_tmo", "fabric_name", "port_id", "port_name", "port_state", "port_type",
                                     "speed", "supported_classes", "supported_speeds", "symbolic_name"});

struct Host {
  std::string name;
  std::vector<Attribute> texts;     // as kTexts
  std::vector<Attribute> counters;  // as kCounters
};

class Fibrechannel : public Collector {
 public:
  explicit Fibrechannel(const Options& options) : watch_(options.sysfs + "/class/fc_host", "host") {}

  Result<> collect(telemetry::Exposition& out) override {
    if (watch_.changed()) find();
    if (hosts_.empty()) return no_data();
    out.family("node_fibrechannel_info", gauge, "Non-numeric data from /sys/class/fc_host/<host>, value is always 1.");
    for (Host& host : hosts_) write_info(host, out);
    for (size_t i = 0; i < kCounters.size(); ++i) {
      out.family(kCounters[i].family, counter, kCounters[i].help);
      for (Host& host : hosts_) {
        const auto text = host.counters[i].read(buffer_);
        const auto number = text ? parse_fibrechannel_counter(*text) : std::nullopt;
        if (number) out.sample({{"fc_host", host.name}}, *number);
      }
    }
    return {};
  }

 private:
  void find() {
    hosts_.clear();
    for (const std::string& name : watch_.names()) {
      Host& host = hosts_.emplace_back();
      host.name = name;
      for (const std::string_view file : kTexts)
        host.texts.emplace_back(fmt::format("{}/{}/{}", watch_.path(), name, file));
      for (const Counter& one : kCounters)
        host.counters.emplace_back(fmt::format("{}/{}/statistics/{}", watch_.path(), name, one.file));
    }
  }

  void write_info(Host& host, telemetry::Exposition& out) {
    std::array<Label, kTexts.size() + 1> labels;
    for (size_t i = 0; i < kTexts.size(); ++i) {
      std::string_view text = host.texts[i].read(buffer_).value_or(std::string_view());
      const bool is_name = kTexts[i] == "fabric_name" || kTexts[i] == "port_id" || kTexts[i] == "port_name";
      if (is_name && text.starts_with("0x")) text.remove_prefix(2);
      values_[i] = text;
      labels[i] = {kTexts[i], values_[i]};
    }
    labels.back() = {"fc_host", host.name};
    out.sample(std::span<const Label>(labels), uint64_t{1});
  }

  DirectoryWatch watch_;
  std::vector<Host> hosts_;
  std::array<std::string, kTexts.size()> values_;
  AttributeBuffer buffer_;
};

}  // namespace

std::optional<uint64_t> parse_fibrechannel_counter(std::string_view text) {
  if (!text.starts_with("0x")) return std::nullopt;
  const auto number = parse_number<uint64_t>(text.substr(2), 16);
  return number == std::numeric_limits<uint64_t>::max() ? std::nullopt : number;
}

Result<std::unique_ptr<Collector>> make_fibrechannel(const Options& options) {
  return std::make_unique<Fibrechannel>(options);
}

}  // namespace weir::host
