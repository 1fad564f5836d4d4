#include "host/collectors/edac.h"

#include <array>
#include <vector>

#include "host/collectors/options.h"
#include "host/kernel/attribute.h"
#include "host/kernel/directory.h"

namespace weir::host {
namespace {

using enum telemetry::MetricType;

// Corrected and uncorrected errors of one place.
struct Errors {
  std::string controller, csrow, channel, dimm;
  Attribute corrected;
  Attribute uncorrected;
};

class Edac : public Collector {
 public:
  explicit Edac(const Options& options) : watch_(options.sysfs + "/devices/system/edac/mc", "mc") {}

  Result<> collect(telemetry::Exposition& out) override {
    if (watch_.changed()) find();
    write(out, channels_, "channel_", " for this channel", [](const Errors& place, auto&& sample) {
      sample({{"channel", place.channel},
              {"controller", place.controller},
              {"csrow", place.csrow},
              {"dimm_label", place.dimm}});
    });
    write(out, controllers_, "", "",
          [](const Errors& place, auto&& sample) { sample({{"controller", place.controller}}); });
    write(out, csrows_, "csrow_", " for this csrow", [](const Errors& place, auto&& sample) {
      sample({{"controller", place.controller}, {"csrow", place.csrow}});
    });
    return {};
  }

 private:
  template <class Labels>
  void write(telemetry::Exposition& out, std::vector<Errors>& places, std::string_view kind, std::string_view where,
             Labels&& labels) {
    if (places.empty()) return;
    for (const auto& [adjective, file] :
         {std::pair{"correctable", &Errors::corrected}, std::pair{"uncorrectable", &Errors::uncorrected}}) {
      name_.assign("node_edac_").append(kind).append(adjective).append("_errors_total");
      help_.assign("Total ").append(adjective).append(" memory errors").append(where).append(".");
      out.family(name_, counter, help_);
      for (Errors& place : places)
        if (const auto count = (place.*file).number(buffer_))
          labels(place, [&](std::initializer_list<telemetry::Label> list) { out.sample(list, *count); });
    }
  }

  void find() {
    controllers_.clear();
    csrows_.clear();
    channels_.clear();
    for (const std::string& name : watch_.names()) {
      const std::string number = name.substr(2);
      if (!parse_number<uint32_t>(number)) continue;
      const std::string directory = watch_.path() + "/" + name;
      controllers_.push_back(errors(directory, "", number, ""));
      // Errors whose row is unknown.
      csrows_.push_back({number,
                         "unknown",
                         {},
                         {},
                         Attribute(directory + "/ce_noinfo_count"),
                         Attribute(directory + "/ue_noinfo_count")});
      for (const std::string& csrow : list_directory(directory, "csrow")) {
        const std::string row = csrow.substr(5);
        const std::string row_directory = directory + "/" + csrow;
        csrows_.push_back(errors(row_directory, "", number, row));
        for (const std::string& file : list_directory(row_directory, "ch")) {
          if (!file.ends_with("_ce_count")) continue;
          const std::string channel = file.substr(0, file.size() - 8);  // "ch0_"
          auto found = errors(row_directory, channel, number, row);
          found.channel = channel.substr(2, channel.size() - 3);
          found.dimm = attribute_text(row_directory + "/" + channel + "dimm_label");
          channels_.push_back(std::move(found));
        }
      }
    }
  }

  static Errors errors(const std::string& directory, const std::string& prefix, const std::string& controller,
                       const std::string& csrow) {
    const std::string path = directory + "/" + prefix;
    return {controller, csrow, {}, {}, Attribute(path + "ce_count"), Attribute(path + "ue_count")};
  }

  DirectoryWatch watch_;
  std::vector<Errors> controllers_;
  std::vector<Errors> csrows_;
  std::vector<Errors> channels_;
  std::string name_;
  std::string help_;
  AttributeBuffer buffer_;
};

}  // namespace

Result<std::unique_ptr<Collector>> make_edac(const Options& options) { return std::make_unique<Edac>(options); }

}  // namespace weir::host
