// Tables of keys: what does not compile, and a section that a module of its own brings.
#include <gtest/gtest.h>

#include "config/document.h"
#include "config/keys.h"
#include "config/parse.h"

namespace weir::config {
namespace {

struct Three {
  uint64_t first = 1;
  std::vector<std::string> second;
  std::optional<Micros> third;
};

// A list that has all members is whole. One that forgets a member, whichever, has one twice, has one of another struct
// or another order is not: tables and lists of options assert this, so they do not compile then.
static_assert(names_every_member<Three, &Three::first, &Three::second, &Three::third>());
static_assert(!names_every_member<Three, &Three::first, &Three::second>());
static_assert(!names_every_member<Three, &Three::first, &Three::third>());
static_assert(!names_every_member<Three, &Three::second, &Three::third>());
static_assert(!names_every_member<Three>());
static_assert(!names_every_member<Three, &Three::first, &Three::second, &Three::second>());
static_assert(!names_every_member<Three, &Three::first, &Three::second, &Three::third, &Three::third>());
static_assert(!names_every_member<Three, &Three::second, &Three::first, &Three::third>());
static_assert(!names_every_member<Three, &Three::first, &Three::second, &Limits::idle_time>());
// A member that fits into the padding of a struct, too.
struct Padded {
  uint64_t number = 0;
  bool flag = false;
  bool forgotten = false;
};
static_assert(!names_every_member<Padded, &Padded::number, &Padded::flag>());
static_assert(names_every_member<Padded, &Padded::number, &Padded::flag, &Padded::forgotten>());

// A sink as it would stand in a folder of its own: a struct, a table, a section.
struct Printer {
  std::string format = "json";
  uint64_t rows = 100;
  std::optional<Micros> timeout;
};

constexpr auto kPrinterKeys = keys_of<Printer>(
    key<&Printer::format>(
        {.name = "format", .on_reload = OnReload::needs_restart, .choices = "json csv", .doc = "How rows look."}),
    key<&Printer::rows>(
        {.name = "rows", .on_reload = OnReload::applied, .least = 1, .most = 1000, .doc = "Rows of one page."}),
    key<&Printer::timeout>({.name = "timeout",
                            .on_reload = OnReload::applied,
                            .least = 1,
                            .most = 1'000'000,
                            .example = "\"1s\"",
                            .doc = "After it a page is left."}));
constexpr Section kPrinter = other_section<Printer, kPrinterKeys>("sink.printer", "Prints flows.");

// The same struct under another name.
constexpr Section kSecondPrinter = other_section<Printer, kPrinterKeys>("sink.second.printer", "Prints flows, too.");

std::vector<const Section*> with_printers() {
  std::vector<const Section*> all(sections().begin(), sections().end());
  all.insert(all.end(), {&kPrinter, &kSecondPrinter});
  return all;
}

std::string problems_of(std::string_view text) {
  std::string lines;
  const std::vector<const Section*> all = with_printers();
  if (const auto config = parse(text, all); !config) {
    for (const Problem& problem : config.error()) lines += to_string(problem, "f") + "\n";
  }
  return lines;
}

TEST(OtherSection, IsReadIntoItsStruct) {
  const std::vector<const Section*> all = with_printers();
  const auto config = parse(
      "[sink.printer]\nformat = \"csv\"\n[store]\ndirectory = \"x\"\n"
      "[sink.second]\nprinter = { rows = 7, timeout = \"1ms\" }\n",
      all);
  ASSERT_TRUE(config);
  EXPECT_EQ(config->store.directory, "x");
  const Printer* first = find_other<Printer>(*config, "sink.printer");
  const Printer* second = find_other<Printer>(*config, "sink.second.printer");
  ASSERT_TRUE(first != nullptr && second != nullptr);
  EXPECT_EQ(first->format, "csv");
  EXPECT_EQ(first->rows, 100u);
  EXPECT_EQ(second->format, "json");
  EXPECT_EQ(second->rows, 7u);
  EXPECT_EQ(second->timeout, Micros{1000});
}

TEST(OtherSection, IsNotThereUnlessTheFileHasIt) {
  const std::vector<const Section*> all = with_printers();
  EXPECT_EQ(find_other<Printer>(*parse("", all), "sink.printer"), nullptr);
  EXPECT_EQ(find_other<Printer>(*parse("[sink]\n", all), "sink.printer"), nullptr);
  EXPECT_NE(find_other<Printer>(*parse("[sink.printer]\n", all), "sink.printer"), nullptr);
}

TEST(OtherSection, ProblemsHaveTheirPlace) {
  EXPECT_EQ(problems_of("[sink.printer]\nrows = 0\nrow = 1\n"),
            "f:2:8: sink.printer.rows: 0 is not allowed: it must be a whole number from 1 to 1000\n"
            "f:3:1: sink.printer.row: there is no such key; did you mean \"rows\"?\n");
  EXPECT_EQ(problems_of("[sink.printr]\n"),
            "f:1:7: sink.printr: there is no such section; did you mean \"sink.printer\"?\n");
  EXPECT_EQ(problems_of("[sink]\nprinter = 1\n"),
            "f:2:1: sink.printer: this is a section: write [sink.printer] on a line of its own\n");
  EXPECT_EQ(problems_of("sink = 1\n"), "f:1:1: sink: there is no such section; did you mean \"sink.printer\"?\n");
  EXPECT_EQ(problems_of("[store.printer]\n"), "f:1:8: store.printer: there is no such key\n");
  // Without its table it is no section.
  EXPECT_FALSE(parse("[sink.printer]\n"));
}

TEST(OtherSection, ComingAndGoingNeedsARestart) {
  const std::vector<const Section*> all = with_printers();
  const Config without = *parse("", all);
  const Config with = *parse("[sink.printer]\nrows = 5\n", all);
  const Config changed = *parse("[sink.printer]\nrows = 6\nformat = \"csv\"\n", all);

  const std::vector<Change> coming = changes(without, with, all);
  ASSERT_EQ(coming.size(), 1u);
  EXPECT_EQ(coming[0].name, "sink.printer");
  EXPECT_EQ(coming[0].to, "[sink.printer]");
  EXPECT_EQ(coming[0].on_reload, OnReload::needs_restart);
  EXPECT_TRUE(keep_running(without, with, all).other.empty());

  const std::vector<Change> going = changes(with, without, all);
  ASSERT_EQ(going.size(), 1u);
  EXPECT_EQ(going[0].from, "[sink.printer]");
  EXPECT_EQ(find_other<Printer>(keep_running(with, without, all), "sink.printer")->rows, 5u);

  EXPECT_EQ(changes(with, changed, all).size(), 2u);
  const Config now = keep_running(with, changed, all);
  EXPECT_EQ(find_other<Printer>(now, "sink.printer")->rows, 6u);
  EXPECT_EQ(find_other<Printer>(now, "sink.printer")->format, "json");
}

TEST(OtherSection, IsInTheDocuments) {
  const std::vector<const Section*> all = with_printers();
  EXPECT_NE(markdown(all).find("\n## [sink.printer]\n\nPrints flows.\n\n"), std::string::npos);
  EXPECT_NE(markdown(all).find("| `rows` | `100` | a whole number from 1 to 1000 | applied | Rows of one page. |\n"),
            std::string::npos);
  const auto config = parse(example(all), all);
  ASSERT_TRUE(config);
  EXPECT_NE(find_other<Printer>(*config, "sink.second.printer"), nullptr);
}

}  // namespace
}  // namespace weir::config
