// What the commands that ask the store have in common: where it is, which time, how the answer is printed.
#pragma once

#include <CLI/CLI.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/weir/default_store.h"
#include "base/result.h"
#include "query/engine.h"
#include "query/printer.h"
#include "query/query.h"
#include "query/views.h"

namespace weir::app {

struct QueryOptions {
  std::string store = default_store();
  std::string last;
  std::string from;
  std::string to;
  std::string format = "table";
  bool json = false;
  bool csv = false;
  bool spreadsheet = false;
  bool plain = false;
  bool strict = false;
};

// Adds --store, the window and the output options to a command; `format` are the names of the one for the format.
void add_query_options(CLI::App& command, QueryOptions& options, const std::string& format = "-o,--output");

// For every command that prints rows.
void add_spreadsheet_option(CLI::App& command, bool& spreadsheet);
// The format of this name; fails if there is none, or if it is not csv and `spreadsheet`.
Result<query::Format> format_of(std::string_view name, bool spreadsheet);

// What the options say, checked.
struct QuerySetup {
  query::Window window;
  query::Format format = query::Format::table;
  query::Units units = query::Units::human;
  std::shared_ptr<store::Surveyor> surveyor;  // of the store
};
Result<QuerySetup> check(const QueryOptions& options);

// The words of a filter as one, which may look up host names and include files; the error is ready to be shown.
Result<filter::Filter> filter_from(const std::vector<std::string>& words, const query::MoreColumns& more);

// The exit status of an answer that parts of the store are missing from.
inline constexpr int kIncomplete = 3;
// For the help of commands that ask.
inline constexpr const char* kStatusHelp =
    "\nExit status:\n"
    "  0  the answer is complete\n"
    "  1  failed\n"
    "  2  wrong usage\n"
    "  3  the answer is incomplete: files of the store are damaged or missing; they\n"
    "     are named on standard error, and in json and ndjson in a last object with\n"
    "     the key \"incomplete\" (with --strict: status 1)";

struct AskOptions {
  query::EngineOptions engine = {};  // its limits and what it may do; the rest comes from the options of the command
  Micros timeout{0};                 // ends the query; 0: never
  // Called in the thread that asks, once the segments are verified and before there is an engine: for who gives up the
  // right to note what was found whole, and all others that a question does not need.
  std::function<void()> confine = {};
};
// The exit status: 0; 1 after a failure; kIncomplete, or with --strict 1.
struct Answer {
  query::Effort effort;
  int status = 0;
  bool given() const { return status == 0 || status == kIncomplete; }
};
// Asks an engine while the terminal shows progress and Ctrl-C ends the query; reports what is missing.
Answer ask(const QueryOptions& options, const QuerySetup& setup,
           const std::function<Result<>(query::Engine&)>& question, AskOptions ask_options = {});

// Prints "weir: message" on standard error; returns `status`.
int complain(const std::string& message, int status);

}  // namespace weir::app
