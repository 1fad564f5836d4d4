// Any text as marks of a footer: what can be read is written and read again as the same.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "flow/marks.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto marks = weir::flow::Marks::parse({reinterpret_cast<const char*>(data), size});
  if (!marks) return 0;
  const auto again = weir::flow::Marks::parse(marks->to_text());
  CHECK(again && *again == *marks);
  return 0;
}
