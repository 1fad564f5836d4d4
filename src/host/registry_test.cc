#include "host/registry.h"

#include <gtest/gtest.h>

namespace weir::host {
namespace {

TEST(Registry, PathsOfGlobs) {
  Options options;
  options.textfile_directories = {"/var/lib/a", "/srv/*/metrics", "/srv/b[0-9]"};
  const auto read = paths_read(options);
  const std::vector<std::string> last(read.end() - 3, read.end());
  EXPECT_EQ(last, (std::vector<std::string>{"/var/lib/a", "/srv/", "/srv/"}));
}

}  // namespace
}  // namespace weir::host
