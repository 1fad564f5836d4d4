// weir: one program, one subcommand a task.
#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/weir/commands.h"
#include "app/weir/manual.h"
#include "base/log.h"
#include "base/nearest.h"

namespace {

bool has_command(const CLI::App& app, std::string_view name) {
  const auto commands = app.get_subcommands([](const CLI::App*) { return true; });
  return std::any_of(commands.begin(), commands.end(),
                     [&](const CLI::App* command) { return command->get_name() == name; });
}

std::string similar_command(const CLI::App& app, std::string_view name) {
  const auto commands = weir::app::shown_commands(app);
  std::vector<std::string> names;
  for (const CLI::App* command : commands) names.push_back(command->get_name());
  return weir::did_you_mean(name, std::vector<std::string_view>(names.begin(), names.end()));
}

// `weir help top` is `weir top --help`.
std::vector<std::string> arguments_of(int argc, char** argv) {
  std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.empty() || arguments.front() != "help") return arguments;
  arguments.erase(arguments.begin());
  arguments.resize(std::min<size_t>(arguments.size(), 1));
  arguments.emplace_back("--help");
  return arguments;
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
  app::add_manual(app, run);

  std::vector<std::string> arguments = arguments_of(argc, argv);
  if (arguments.size() >= 2 && arguments[0] == "complete" && arguments[1] == "--") {
    return app::complete(app, std::span(arguments).subspan(2));
  }
  if (!arguments.empty() && !arguments.front().starts_with('-') && !has_command(app, arguments.front())) {
    fmt::print(stderr, "weir: there is no command '{}'{}\n'weir --help' lists them.\n", arguments.front(),
               similar_command(app, arguments.front()));
    return 2;
  }
  try {
    std::ranges::reverse(arguments);  // as CLI11 takes them
    app.name("weir");
    app.parse(std::move(arguments));
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }
  return run();
}
