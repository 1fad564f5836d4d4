// weir: one program, one subcommand a task.
#include "app/weir/commands.h"
#include "base/log.h"

int main(int argc, char** argv) {
  using namespace weir;
  log::start();

  CLI::App app{
      "Weir collects NetFlow, IPFIX and sFlow, keeps every flow in open Parquet files, and answers questions about "
      "them.\n"
      "Start with `weir collect`, then `weir top`."};
  app.set_version_flag("--version", "weir " WEIR_VERSION);
  app.require_subcommand(1);
  app.failure_message(CLI::FailureMessage::help);
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

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }
  return run();
}
