// The strict parser of the text format. What it accepts must be accepted again, and be the same, when written out.
#include <fmt/format.h>

#include <cstdlib>

#include "host/collectors/textfile_parser.h"
#include "telemetry/utf8.h"

namespace {

std::string written(const std::vector<weir::host::TextFamily>& families) {
  std::string text;
  for (const auto& family : families) {
    if (family.help) {
      text.append("# HELP ").append(family.name).append(" ");
      weir::telemetry::append_help(text, *family.help);
      text += '\n';
    }
    text += fmt::format("# TYPE {} {}\n", family.name, weir::host::text_type_name(family.type));
    for (const std::string& sample : family.samples) text.append(sample).append("\n");
  }
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto families = weir::host::parse_text_format({reinterpret_cast<const char*>(data), size});
  if (!families) return 0;
  const std::string once = written(*families);
  const auto again = weir::host::parse_text_format(once);
  if (!again || written(*again) != once) std::abort();
  return 0;
}
