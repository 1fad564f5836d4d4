// A Selector that remembers its answers by position. Every scrape asks about the same names in nearly the same order.
// Comparing a name with the one at its position is cheap; matching a regular expression allocates.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/select/selection.h"

namespace weir::host {

class RememberedSelector {
 public:
  explicit RememberedSelector(Selector selector) : selector_(std::move(selector)) {}

  // `position` is that of the name within this scrape, from 0.
  bool selects(size_t position, std::string_view name) {
    if (position >= answers_.size()) answers_.resize(position + 1);
    Answer& answer = answers_[position];
    if (!answer.known || answer.name != name) {
      answer.name = name;
      answer.selected = selector_.selects(name);
      answer.known = true;
    }
    return answer.selected;
  }

 private:
  struct Answer {
    std::string name;
    bool known = false;
    bool selected = false;
  };
  Selector selector_;
  std::vector<Answer> answers_;
};

}  // namespace weir::host
