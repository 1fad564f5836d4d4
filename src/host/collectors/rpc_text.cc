#include "host/collectors/rpc_text.h"

#include "base/text.h"

namespace weir::host {

std::optional<RpcLine> find_rpc_line(std::string_view text, std::string_view keyword, bool counted) {
  while (!text.empty()) {
    std::string_view line = next_line(text);
    if (next_word(line) != keyword) continue;
    RpcLine numbers;
    std::optional<uint64_t> number = parse_number<uint64_t>(next_word(line));
    while (number) {
      numbers.add(*number);
      number = parse_number<uint64_t>(next_word(line));
    }
    if (counted && (numbers.size() == 0 || numbers.at(0) != numbers.size() - 1)) return std::nullopt;
    return numbers;
  }
  return std::nullopt;
}

}  // namespace weir::host
