// Accept and Accept-Encoding as clients may send them; targets, hosts and passwords with them.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "http/authenticator.h"
#include "http/limits.h"
#include "http/negotiate.h"
#include "http/target.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace weir::http;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Format format = negotiate_format(text);
  if (text.find("openmetrics-text") == std::string_view::npos && format == Format::openmetrics) {
    // Only in other letters.
    CHECK(text.find_first_of("OPENMTRICSX") != std::string_view::npos);
  }
  (void)negotiate_encoding(text);
  (void)valid_host(text);
  if (const auto credentials = parse_basic(text)) CHECK(credentials->password.find('\0') == std::string::npos);
  const Target target = split_target(text);
  if (target.form == TargetForm::origin || target.form == TargetForm::absolute) {
    DecodedTarget decoded;
    if (decoded.decode(target) == DecodedTarget::Outcome::good) {
      CHECK(decoded.path().starts_with('/') && decoded.path().size() <= target.path.size());
      CHECK(decoded.query().size() <= kMaxParameters);
    }
  }
  return 0;
}
