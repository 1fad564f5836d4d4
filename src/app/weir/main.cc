// weir: one program, one subcommand a task.
#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "app/weir/commands.h"
#include "base/log.h"

namespace {

bool has_command(const CLI::App& app, std::string_view name) {
  const auto commands = app.get_subcommands([](const CLI::App*) { return true; });
  return std::any_of(commands.begin(), commands.end(),
                     [&](const CLI::App* command) { return command->get_name() == name; });
}

}  // namespace

int main(int argc, char** argv) {
  using namespace weir;
  log::start();

  CLI::App app{
      "Weir collects NetFlow, IPFIX and sFlow, keeps every flow in open Parquet files, and answers questions about "
      "them.\n"
      "Start with `weir collect`, then `weir top`."};
  app.set_version_flag("--version", "weir " WEIR_VERSION);
  app.require_subcommand(1);
  app.failure_message([](const CLI::App* command, const CLI::Error& error) {
    const auto chosen = command->get_subcommands();
    return fmt::format("weir: {}\n'weir {}--help' tells more.\n", error.what(),
                       chosen.empty() ? "" : chosen.front()->get_name() + " ");
  });
  app::Run run = [] { return 2; };
  // The commands in the order of a user's first day.
  app::add_collect(app, run);
  app::add_top(app, run);
  app::add_flows(app, run);
  app::add_sql(app, run);
  app::add_exporters(app, run);
  app::add_check(app, run);
  app::add_replay(app, run);
  app::add_decode(app, run);
  app::add_send(app, run);
  app::add_gen(app, run);

  if (argc > 1 && argv[1][0] != '-' && !has_command(app, argv[1])) {
    fmt::print(stderr, "weir: there is no command '{}'\n'weir --help' lists them.\n", argv[1]);
    return 2;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }
  return run();
}
