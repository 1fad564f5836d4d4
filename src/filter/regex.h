// Regular expressions of filters: RE2's, as DuckDB and ClickHouse have them, so that a filter means the same everywhere.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace re2 {
class RE2;
}

namespace weir::filter {

class Regex {
 public:
  explicit Regex(std::string_view pattern);
  Regex(Regex&&) noexcept;
  Regex& operator=(Regex&&) noexcept;
  ~Regex();

  bool ok() const;
  const std::string& error() const;
  // Whether it matches somewhere in a text of UTF-8. In time linear in its length.
  bool found_in(std::string_view text) const;

 private:
  std::unique_ptr<re2::RE2> regex_;
};

}  // namespace weir::filter
