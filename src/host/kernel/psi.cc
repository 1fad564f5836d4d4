#include "host/kernel/psi.h"

#include "base/text.h"

namespace weir::host {

// some avg10=0.00 avg60=0.00 avg300=0.00 total=14036781
Psi parse_psi(std::string_view text) {
  constexpr std::string_view kTotal = "total=";
  Psi psi;
  while (!text.empty()) {
    std::string_view line = next_line(text);
    const std::string_view kind = next_word(line);
    const size_t total = line.rfind(kTotal);
    if (total == std::string_view::npos) continue;
    const auto microseconds = parse_number<uint64_t>(trimmed(line.substr(total + kTotal.size())));
    if (kind == "some") psi.some_us = microseconds;
    if (kind == "full") psi.full_us = microseconds;
  }
  return psi;
}

}  // namespace weir::host
