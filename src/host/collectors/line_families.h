// Families whose names are made of the kernel's, one for each line of a file (/proc/vmstat, meminfo). The same lines
// come at every scrape in the same order, so a name is made once, and only compared after that.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace weir::host {

struct LineFamily {
  std::string field;  // of the kernel
  std::string name;   // empty: no family is made of it
  std::string help;
};

class LineFamilies {
 public:
  // `position` is that of the line in the file, from 0. If `field` is new there, `learn` is called to fill in the rest
  // of the LineFamily.
  template <class Learn>
  const LineFamily& at(size_t position, std::string_view field, Learn&& learn) {
    if (position >= lines_.size()) lines_.resize(position + 1);
    Line& line = lines_[position];
    if (!line.known || line.family.field != field) {
      line = {.family = {.field = std::string(field), .name = {}, .help = {}}, .known = true};
      learn(line.family);
    }
    return line.family;
  }

 private:
  struct Line {
    LineFamily family;
    bool known = false;
  };
  std::vector<Line> lines_;
};

}  // namespace weir::host
