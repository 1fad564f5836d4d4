#include "host/collectors/textfile.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "host/collectors/options.h"
#include "host/collectors/test_lines.h"
#include "host/collectors/textfile_parser.h"

namespace weir::host {
namespace {

TEST(TextFormat, WholeFile) {
  const auto families = parse_text_format(
      "# a comment\n"
      "\n"
      "  # HELP a_total  Some \\\\ text\\nof \"two\" lines.\n"
      "#\tTYPE a_total counter\n"
      "a_total{ z = \"1\" , b=\"q\\\"\\\\\\n\xC3\xA4\",} 1e3\n"
      "a_total\t+Inf\n"
      "other nan\n"
      "# TYPE h histogram\n"
      "h_bucket{le=\"0.5\"} 1\n"
      "h_bucket{le=\"+Inf\"} 2\n"
      "h_sum 0.25\n"
      "h_count 2\n"
      "a_total{empty=\"\",x=\"y\"} -2.50\n"
      "# HELP nothing It has no sample.\n");
  ASSERT_TRUE(families) << families.error().message;
  ASSERT_EQ(families->size(), 3U);
  const TextFamily& first = (*families)[0];
  EXPECT_EQ(first.name, "a_total");
  EXPECT_EQ(first.help, "Some \\ text\nof \"two\" lines.");
  EXPECT_EQ(first.type, TextType::counter);
  EXPECT_EQ(first.samples, (std::vector<std::string>{"a_total{b=\"q\\\"\\\\\\n\xC3\xA4\",z=\"1\"} 1000", "a_total +Inf",
                                                     "a_total{x=\"y\"} -2.5"}));
  EXPECT_EQ((*families)[1].samples, std::vector<std::string>{"other NaN"});
  EXPECT_FALSE((*families)[1].help);
  EXPECT_EQ((*families)[2].samples.size(), 4U);
  EXPECT_EQ(series_of(first.samples[2]), "a_total{x=\"y\"}");
  EXPECT_TRUE(parse_text_format("")->empty());
}

TEST(TextFormat, WhatIsRefused) {
  for (const char* bad : {
           "a 1",  // no line end
           "a\n",
           "a{} \n",
           "a{}\n",
           "a x\n",
           "1a 1\n",
           "a-b 1\n",
           "{} 1\n",
           "a 1 1700000000000\n",  // a timestamp
           "a 1 x\n",
           "a 0x1p3\n",
           "a 1_0\n",
           "a 1e999\n",
           "a nan(1)\n",
           "a --1\n",
           "a +-1\n",
           "a +\n",
           "a 1\r\n",
           "a{b=\"1\",b=\"2\"} 1\n",
           "a{b=\"1\" c=\"2\"} 1\n",
           "a{b=1} 1\n",
           "a{b=\"1} 1\n",
           "a{b} 1\n",
           "a{1=\"1\"} 1\n",
           "a{b=\"\\t\"} 1\n",
           "a{b=\"\\",
           "a{b=\"\\\n",
           "a{__name__=\"b\"} 1\n",
           "a{,} 1\n",
           "a{b=\"1\",,} 1\n",
           "a{b=\"\xFF\"} 1\n",
           "a{b=\"\xC0\x80\"} 1\n",
           "a 1\na 2\n",
           "a{b=\"1\",c=\"2\"} 1\na{c=\"2\",b=\"1\"} 1\n",
           "a{b=\"\"} 1\na 2\n",  // the same series
           "# HELP a x\n# HELP a x\na 1\n",
           "# TYPE a gauge\n# TYPE a gauge\na 1\n",
           "a 1\n# TYPE a gauge\n",
           "# TYPE a guage\n",
           "# TYPE a\n",
           "# TYPE\n",
           "# HELP\n",
           "# HELP a \\x\n",
           "# TYPE a-b gauge\n",
           "# TYPE h histogram\nh 1\n",
           "# TYPE h histogram\nh_bucket 1\n",
           "# TYPE h histogram\nh_bucket{le=\"x\"} 1\n",
           "# TYPE s summary\ns 1\n",
       })
    EXPECT_FALSE(parse_text_format(bad)) << bad;
  EXPECT_NE(parse_text_format("a 1\n\nb x\n").error().message.find("line 3"), std::string::npos);
}

class TextfileTest : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(root_ + "/one"); }
  void TearDown() override { std::filesystem::remove_all(root_); }
  void write(const std::string& name, const std::string& text) { std::ofstream(root_ + name) << text; }
  std::unique_ptr<Collector> make(std::vector<std::string> folders) {
    Options options;
    options.textfile_directories = std::move(folders);
    return std::move(make_textfile(options).value());
  }
  std::string collect(Collector& collector) {
    out_.clear();
    EXPECT_TRUE(collector.collect(out_));
    return std::string(out_.text());
  }
  std::string root_ = testing::TempDir() + "weir_textfile_" + std::to_string(::getpid());
  telemetry::Exposition out_;
};

TEST_F(TextfileTest, GoodAndBad) {
  write("/one/good.prom", "a_total 5\n");
  write("/one/ignored.txt", "x 1\n");
  const auto collector = make({root_ + "/one"});
  std::string text = collect(*collector);
  EXPECT_TRUE(has_line(text, fmt::format("# HELP a_total Metric read from {}/one/good.prom", root_))) << text;
  EXPECT_TRUE(has_line(text, "# TYPE a_total untyped"));
  EXPECT_TRUE(has_line(text, "a_total 5"));
  EXPECT_TRUE(has_line(text, "node_textfile_scrape_error 0"));
  EXPECT_NE(text.find("node_textfile_mtime_seconds{file=\"" + root_), std::string::npos);
  EXPECT_EQ(text.find("x 1"), std::string::npos);

  write("/one/bad.prom", "b 1 1700000000000\n");
  text = collect(*collector);
  EXPECT_TRUE(has_line(text, "node_textfile_scrape_error 1"));
  EXPECT_TRUE(has_line(text, "a_total 5")) << "the others are not concerned";
  EXPECT_EQ(text.find("bad.prom"), std::string::npos) << text;

  write("/one/bad.prom", "b 1\n");
  text = collect(*collector);
  EXPECT_TRUE(has_line(text, "b 1"));
  EXPECT_TRUE(has_line(text, "node_textfile_scrape_error 0"));

  // In place, of the same length, within one tick of the clock.
  write("/one/bad.prom", "b 2\n");
  EXPECT_TRUE(has_line(collect(*collector), "b 2"));

  std::filesystem::remove(root_ + "/one/bad.prom");
  EXPECT_EQ(collect(*collector).find("b 2"), std::string::npos);
}

TEST_F(TextfileTest, SeveralFilesOfOneFamily) {
  write("/one/1.prom", "# HELP y Some.\n# TYPE y gauge\ny{a=\"1\"} 1\nx 1\n");
  write("/one/2.prom", "# HELP y Other.\n# TYPE y gauge\ny{a=\"2\"} 2\nx{b=\"c\"} 2\n");
  write("/one/3.prom", "# TYPE y gauge\ny{a=\"3\"} 3\ny{a=\"1\"} 9\n");
  write("/one/4.prom", "# TYPE y counter\ny{a=\"4\"} 4\n");
  const std::string text = collect(*make({root_ + "/one"}));
  EXPECT_NE(text.find("# HELP y Some.\n# TYPE y gauge\ny{a=\"1\"} 1\ny{a=\"3\"} 3\n"), std::string::npos) << text;
  EXPECT_EQ(text.find("a=\"2\""), std::string::npos) << "other HELP";
  EXPECT_EQ(text.find("a=\"4\""), std::string::npos) << "other TYPE";
  EXPECT_TRUE(has_line(text, fmt::format("# HELP x Metric read from {0}/one/1.prom, {0}/one/2.prom", root_))) << text;
  EXPECT_TRUE(has_line(text, "node_textfile_scrape_error 1"));
}

TEST_F(TextfileTest, NamesThatAreTakenAlready) {
  write("/one/1.prom", "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\n");
  write("/one/2.prom", "h_count 7\nnode_textfile_scrape_error 0\n");
  const std::string text = collect(*make({root_ + "/one"}));
  EXPECT_TRUE(has_line(text, "h_count 1"));
  EXPECT_FALSE(has_line(text, "h_count 7"));
  EXPECT_TRUE(has_line(text, "node_textfile_scrape_error 1"));
  EXPECT_FALSE(has_line(text, "node_textfile_scrape_error 0"));
}

TEST_F(TextfileTest, GlobsAndWhatIsNoFolder) {
  std::filesystem::create_directories(root_ + "/two");
  write("/one/1.prom", "a 1\n");
  write("/two/2.prom", "b 1\n");
  const auto collector = make({root_ + "/o*", root_ + "/t*"});
  std::string text = collect(*collector);
  EXPECT_TRUE(has_line(text, "a 1"));
  EXPECT_TRUE(has_line(text, "b 1"));
  EXPECT_TRUE(has_line(text, "node_textfile_scrape_error 0"));
  EXPECT_TRUE(has_line(collect(*make({root_ + "/none"})), "node_textfile_scrape_error 1"));
  EXPECT_TRUE(has_line(collect(*make({root_ + "/none*"})), "node_textfile_scrape_error 1"));
  EXPECT_TRUE(has_line(collect(*make({})), "node_textfile_scrape_error 0"));
}

TEST_F(TextfileTest, PipesAndFoldersDoNotBlock) {
  ASSERT_EQ(::mkfifo((root_ + "/one/pipe.prom").c_str(), 0600), 0);
  std::filesystem::create_directories(root_ + "/one/folder.prom");
  write("/one/1.prom", "a 1\n");
  const std::string text = collect(*make({root_ + "/one"}));
  EXPECT_TRUE(has_line(text, "a 1"));
  EXPECT_TRUE(has_line(text, "node_textfile_scrape_error 1"));
}

}  // namespace
}  // namespace weir::host
