#include "host/collectors/cpu_vulnerabilities.h"

#include <string>
#include <vector>

#include "base/text.h"
#include "host/collectors/options.h"
#include "host/kernel/attribute.h"
#include "host/kernel/directory.h"

namespace weir::host {
namespace {

class CpuVulnerabilities : public Collector {
 public:
  explicit CpuVulnerabilities(const Options& options)
      : watch_(options.sysfs + "/devices/system/cpu/vulnerabilities", "") {}

  Result<> collect(telemetry::Exposition& out) override {
    if (watch_.changed()) {
      files_.clear();
      for (const std::string& name : watch_.names()) files_.push_back({name, Attribute(watch_.path() + "/" + name)});
    }
    if (!watch_.there()) return no_data();
    out.family("node_cpu_vulnerabilities_info", telemetry::MetricType::gauge,
               "Details of each CPU vulnerability reported by sysfs. The value of the series is an int encoded state "
               "of the vulnerability. The same state is stored as a string in the label");
    for (File& file : files_) {
      const auto text = file.attribute.read(buffer_);
      if (!text) continue;
      const Vulnerability found = parse_vulnerability(*text);
      out.sample({{"codename", file.name}, {"mitigation", found.mitigation}, {"state", found.state}}, 1);
    }
    return {};
  }

 private:
  struct File {
    std::string name;
    Attribute attribute;
  };
  DirectoryWatch watch_;
  std::vector<File> files_;
  AttributeBuffer buffer_;
};

}  // namespace

Vulnerability parse_vulnerability(std::string_view text) {
  if (text.starts_with("KVM: ")) text.remove_prefix(5);
  const auto rest = [&](std::string_view word) {
    text.remove_prefix(word.size());
    if (text.starts_with(':') || text.starts_with(',')) text.remove_prefix(1);
    return trimmed(text);
  };
  if (text.starts_with("Not affected")) return {"not affected", ""};
  if (text.starts_with("Vulnerable")) return {"vulnerable", rest("Vulnerable")};
  if (text.starts_with("Mitigation")) return {"mitigation", rest("Mitigation")};
  return {"unknown", text};
}

Result<std::unique_ptr<Collector>> make_cpu_vulnerabilities(const Options& options) {
  return std::make_unique<CpuVulnerabilities>(options);
}

}  // namespace weir::host
