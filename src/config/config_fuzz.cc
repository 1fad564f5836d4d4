// Any text is parsed without harm. What is accepted is within the bounds of its keys. Problems are one line each.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/check.h"
#include "config/parse.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(data, data + size);
  const auto config = weir::config::parse(text);
  if (!config) {
    CHECK(!config.error().empty());
    for (const auto& problem : config.error()) {
      for (const char c : weir::config::to_string(problem, "f")) CHECK(c != '\n' && c != '\x1b');
    }
    return 0;
  }
  CHECK(!config->collect.listen.empty() && config->collect.threads >= 1 && config->collect.threads <= 256);
  CHECK(config->store.flush_interval.count() >= 100'000);
  for (const auto& sampling : config->sampling) CHECK(sampling.rate >= 1 && sampling.rate <= 0xffffffff);
  return 0;
}
