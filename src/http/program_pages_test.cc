#include "http/program_pages.h"

#include <gtest/gtest.h>

namespace weir::http {
namespace {

TEST(ProgramPages, Answers) {
  const ProgramPages pages("prog", "What it is", "1.2", "/m");
  const Response landing = pages.answer("/");
  EXPECT_EQ(landing.status, 200U);
  EXPECT_EQ(landing.content_type, kHtml);
  for (const char* part : {"<title>prog</title>", "<h1>prog</h1>", "<p>What it is, version 1.2.</p>",
                           "<a href=\"/m\">Metrics</a>", "<a href=\"/-/healthy\">", "<a href=\"/-/ready\">"})
    EXPECT_NE(landing.body.bytes().find(part), std::string_view::npos) << part;
  for (const char* path : {"/-/healthy", "/-/ready"}) {
    EXPECT_EQ(pages.answer(path).status, 200U);
    EXPECT_EQ(pages.answer(path).body.bytes(), "OK\n");
  }
  for (const char* path : {"/m", "", "/-/", "/-/healthy/"}) EXPECT_EQ(pages.answer(path).status, 404U) << path;
  EXPECT_EQ(ProgramPages::paths("/m"), (std::vector<std::string>{"/m", "/", "/-/healthy", "/-/ready"}));
}

}  // namespace
}  // namespace weir::http
