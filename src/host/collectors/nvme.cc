#include "host/collectors/nvme.h"

#include <vector>

#include "host/collectors/options.h"
#include "host/kernel/attribute.h"
#include "host/kernel/directory.h"

namespace weir::host {
namespace {

using enum telemetry::MetricType;

struct Controller {
  std::string name, firmware, model, serial, id;
  Attribute state;
};

struct Namespace {
  std::string controller, id;
  uint64_t block_size = 0;
  Attribute size;  // in sectors of 512 bytes, whatever the block size is
  Attribute used;  // in blocks
  Attribute ana_state;
};

class Nvme : public Collector {
 public:
  explicit Nvme(const Options& options) : watch_(options.sysfs + "/class/nvme", "") {}

  Result<> collect(telemetry::Exposition& out) override {
    if (watch_.changed()) find();
    if (!watch_.there()) return no_data();
    out.family("node_nvme_info", gauge, "Non-numeric data from /sys/class/nvme/<device>, value is always 1.");
    for (Controller& controller : controllers_)
      out.sample({{"cntlid", controller.id},
                  {"device", controller.name},
                  {"firmware_revision", controller.firmware},
                  {"model", controller.model},
                  {"serial", controller.serial},
                  {"state", controller.state.read(buffer_).value_or("")}},
                 1);
    const auto write = [&](std::string_view name, std::string_view help, auto&& value_of) {
      out.family(name, gauge, help);
      for (Namespace& space : namespaces_)
        if (const std::optional<uint64_t> value = value_of(space))
          out.sample({{"device", space.controller}, {"nsid", space.id}}, *value);
    };
    const auto size = [&](Namespace& space) {
      const auto sectors = space.size.number(buffer_);
      return sectors ? std::optional(*sectors * 512) : std::nullopt;
    };
    write("node_nvme_namespace_capacity_bytes",
          "Capacity of the NVMe namespace in bytes. Computed as namespace_size * namespace_logical_block_size", size);
    out.family("node_nvme_namespace_info", gauge, "Information about NVMe namespaces. Value is always 1");
    for (Namespace& space : namespaces_)
      out.sample(
          {{"ana_state", space.ana_state.read(buffer_).value_or("")}, {"device", space.controller}, {"nsid", space.id}},
          1);
    write("node_nvme_namespace_logical_block_size_bytes",
          "Logical block size of the NVMe namespace in bytes. Usually 4Kb. Available in "
          "/sys/class/nvme/<device>/<namespace>/queue/logical_block_size",
          [](const Namespace& space) { return std::optional(space.block_size); });
    write("node_nvme_namespace_size_bytes",
          "Size of the NVMe namespace in bytes. Available in /sys/class/nvme/<device>/<namespace>/size", size);
    write("node_nvme_namespace_used_bytes",
          "Used space of the NVMe namespace in bytes. Available in /sys/class/nvme/<device>/<namespace>/nuse",
          [&](Namespace& space) {
            const auto blocks = space.used.number(buffer_);
            return blocks ? std::optional(*blocks * space.block_size) : std::nullopt;
          });
    return {};
  }

 private:
  void find() {
    controllers_.clear();
    namespaces_.clear();
    for (const std::string& name : watch_.names()) {
      const std::string directory = watch_.path() + "/" + name;
      controllers_.push_back({name, attribute_text(directory + "/firmware_rev"), attribute_text(directory + "/model"),
                              attribute_text(directory + "/serial"), attribute_text(directory + "/cntlid"),
                              Attribute(directory + "/state")});
      // "nvme0n1", or "nvme0c0n1" where several controllers lead to it.
      for (const std::string& space : list_directory(directory, "nvme")) {
        const size_t last = space.rfind('n');
        if (last == 0 || last == std::string::npos || !parse_number<uint32_t>(std::string_view(space).substr(last + 1)))
          continue;
        const std::string path = directory + "/" + space;
        const std::string block = attribute_text(path + "/queue/logical_block_size");
        namespaces_.push_back({name, space.substr(last + 1), parse_number<uint64_t>(block).value_or(512),
                               Attribute(path + "/size"), Attribute(path + "/nuse"), Attribute(path + "/ana_state")});
      }
    }
  }

  DirectoryWatch watch_;
  std::vector<Controller> controllers_;
  std::vector<Namespace> namespaces_;
  AttributeBuffer buffer_;
};

}  // namespace

Result<std::unique_ptr<Collector>> make_nvme(const Options& options) { return std::make_unique<Nvme>(options); }

}  // namespace weir::host
