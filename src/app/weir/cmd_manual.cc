// weir manual: writes the manual pages, for packages.
#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <memory>

#include "app/weir/commands.h"
#include "app/weir/known_sections.h"
#include "app/weir/manual.h"
#include "app/weir/output_file.h"
#include "config/document.h"

namespace weir::app {
namespace {

Result<> write_page(const std::filesystem::path& path, const std::string& text) {
  OutputFile file = TRY(OutputFile::create(path.string()));
  std::fwrite(text.data(), 1, text.size(), file.stream());
  return file.finish();
}

Result<> write_pages(const CLI::App& program, const std::filesystem::path& folder, const std::string& date) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  TRY(write_page(folder / "weir.1", manual_of_program(program, date)));
  for (const CLI::App* command : shown_commands(program)) {
    TRY(write_page(folder / fmt::format("weir-{}.1", command->get_name()), manual_of_command(program, *command, date)));
  }
  return write_page(folder / "weir.toml.5", config::manual(known_sections(), date));
}

}  // namespace

void add_manual(CLI::App& app, Run& run) {
  CLI::App* command = app.add_subcommand("manual", "Write the manual pages into a folder")->group("");
  auto folder = std::make_shared<std::string>();
  auto date = std::make_shared<std::string>();
  command->add_option("FOLDER", *folder, "Where to")->required();
  command->add_option("--date", *date, "Of the version: 2026-12-01")->required();
  command->callback([&app, folder, date, &run] {
    run = [&app, folder, date] {
      const Result<> written = write_pages(app, *folder, *date);
      if (!written) fmt::print(stderr, "{}\n", written.error().message);
      return written ? 0 : 1;
    };
  });
}

}  // namespace weir::app
