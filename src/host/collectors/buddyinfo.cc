#include "host/collectors/buddyinfo.h"

#include <array>

#include "base/kept_file.h"
#include "base/text.h"
#include "host/collectors/options.h"

namespace weir::host {
namespace {

// 2 to the power of the index pages; the kernel has 11 of them.
constexpr std::array<std::string_view, 16> kSizes{"0", "1", "2",  "3",  "4",  "5",  "6",  "7",
                                                  "8", "9", "10", "11", "12", "13", "14", "15"};

class Buddyinfo : public Collector {
 public:
  explicit Buddyinfo(const Options& options) : file_(options.procfs + "/buddyinfo") {}

  // "Node 0, zone      DMA      1      0 ..."
  Result<> collect(telemetry::Exposition& out) override {
    const std::string_view read = TRY(file_.read());
    out.family("node_buddyinfo_blocks", telemetry::MetricType::gauge, "Count of free blocks according to size.");
    std::string_view text = read;
    while (!text.empty()) {
      const std::string_view whole = next_line(text);
      std::string_view line = whole;
      if (next_word(line) != "Node") continue;
      std::string_view node = next_word(line);
      if (!node.ends_with(',') || next_word(line) != "zone")
        return fail("{}: cannot read \"{}\"", file_.path(), shortened(whole));
      node.remove_suffix(1);
      const std::string_view zone = next_word(line);
      for (const std::string_view size : kSizes) {
        const auto blocks = parse_number<uint64_t>(next_word(line));
        if (!blocks) break;
        out.sample({{"node", node}, {"size", size}, {"zone", zone}}, *blocks);
      }
    }
    return {};
  }

 private:
  KeptFile file_;
};

}  // namespace

Result<std::unique_ptr<Collector>> make_buddyinfo(const Options& options) {
  return std::make_unique<Buddyinfo>(options);
}

}  // namespace weir::host
