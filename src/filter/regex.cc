#include "filter/regex.h"

#include <re2/re2.h>

namespace weir::filter {
namespace {

re2::RE2::Options options() {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(1 << 20);  // a fraction of what DuckDB allows: what is taken here is taken there
  return options;
}

}  // namespace

Regex::Regex(std::string_view pattern)
    : regex_(std::make_unique<re2::RE2>(re2::StringPiece(pattern.data(), pattern.size()), options())) {}
Regex::Regex(Regex&&) noexcept = default;
Regex& Regex::operator=(Regex&&) noexcept = default;
Regex::~Regex() = default;

bool Regex::ok() const { return regex_->ok(); }
const std::string& Regex::error() const { return regex_->error(); }
bool Regex::found_in(std::string_view text) const {
  return re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *regex_);
}

}  // namespace weir::filter
