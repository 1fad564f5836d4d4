#include "host/collectors/filefd.h"

#include "base/kept_file.h"
#include "base/text.h"
#include "host/collectors/options.h"

namespace weir::host {
namespace {

class Filefd : public Collector {
 public:
  explicit Filefd(const Options& options) : file_(options.procfs + "/sys/fs/file-nr", Shape::one_record) {}

  Result<> collect(telemetry::Exposition& out) override {
    using enum telemetry::MetricType;
    const std::string_view text = TRY(file_.read());
    const auto numbers = parse_file_nr(text);
    if (!numbers) return fail("{} is not what it should be: {}", file_.path(), shortened(text));
    out.single("node_filefd_allocated", gauge, "File descriptor statistics: allocated.", numbers->allocated);
    out.single("node_filefd_maximum", gauge, "File descriptor statistics: maximum.", numbers->maximum);
    return {};
  }

 private:
  KeptFile file_;
};

}  // namespace

std::optional<FileNumbers> parse_file_nr(std::string_view text) {
  const auto allocated = parse_number<uint64_t>(next_word(text));
  next_word(text);
  const auto maximum = parse_number<uint64_t>(next_word(text));
  if (!allocated || !maximum) return std::nullopt;
  return FileNumbers{*allocated, *maximum};
}

Result<std::unique_ptr<Collector>> make_filefd(const Options& options) { return std::make_unique<Filefd>(options); }

}  // namespace weir::host
