// Manual pages from the descriptions of the command line, so that they say what --help says.
#pragma once

#include <CLI/CLI.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace weir::app {

// weir(1): what the program is, and its commands. date: of the version.
std::string manual_of_program(const CLI::App& program, std::string_view date);

// weir-COMMAND(1).
std::string manual_of_command(const CLI::App& program, const CLI::App& command, std::string_view date);

// Commands that people are told of.
std::vector<const CLI::App*> shown_commands(const CLI::App& program);

}  // namespace weir::app
