// The subcommands of `weir`, one file each. add_x() describes the command line of x and, when x was chosen, sets `run`
// to what main then calls; its result is the exit status: 0 success, 1 failure (the reason is on standard error), 2
// wrong usage, 3 an answer that parts of the store are missing from (query_options.h).
#pragma once

#include <CLI/CLI.hpp>

#include <functional>
#include <span>
#include <string>

namespace weir::app {

using Run = std::function<int()>;

void add_collect(CLI::App& app, Run& run);
void add_replay(CLI::App& app, Run& run);
void add_check(CLI::App& app, Run& run);
void add_exporters(CLI::App& app, Run& run);
void add_send(CLI::App& app, Run& run);
void add_gen(CLI::App& app, Run& run);
void add_decode(CLI::App& app, Run& run);
void add_top(CLI::App& app, Run& run);
void add_flows(CLI::App& app, Run& run);
void add_sql(CLI::App& app, Run& run);
// Not shown: for packages.
void add_manual(CLI::App& app, Run& run);

// For shells, without being a command: prints what the last of the words after `weir` may go on as.
int complete(const CLI::App& program, std::span<const std::string> words);

}  // namespace weir::app
