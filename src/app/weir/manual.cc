#include "app/weir/manual.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/roff.h"

namespace weir::app {
namespace {

// The description of a command: its first sentence is the name line.
std::string_view first_sentence(std::string_view text) {
  const size_t end = std::min(text.find('\n'), text.find(". "));
  std::string_view first = text.substr(0, end);
  if (first.ends_with('.')) first.remove_suffix(1);
  return first;
}

std::string head(std::string_view page, std::string_view date) {
  return fmt::format(".TH {} 1 {} \"weir {}\" \"Weir\"\n", roff_argument(page), date, WEIR_VERSION);
}

std::string files_and_more(std::string_view see_also) {
  return fmt::format(
      ".SH FILES\n"
      ".TP\n.I /etc/weir/weir.toml\nThe configuration of the service.\n"
      ".TP\n.I /var/lib/weir\nThe store of the service.\n"
      ".SH SEE ALSO\n{}\n",
      see_also);
}

// Lines that were laid out by hand: examples, lists.
std::string as_it_is(std::string_view text) { return fmt::format(".nf\n{}.fi\n", roff_lines(text)); }

// ".B \-n,\-\-limit UINT=10" and its text.
std::string entry(const CLI::Option& option) {
  const bool positional = option.get_positional();
  const std::string name = positional ? option.get_name(true, false) : option.get_name(false, true);
  std::string value = positional || option.get_expected_max() == 0 ? "" : option.get_type_name();
  if (!value.empty() && !option.get_default_str().empty()) value += "=" + option.get_default_str();
  const std::string& text = option.get_description();
  const bool plain = text.find('\n') == std::string::npos;
  return fmt::format(".TP\n.BR {} {}\n{}", roff_argument(name), value.empty() ? "\"\"" : roff_argument(" " + value),
                     plain ? roff_text(text) : as_it_is(text));
}

std::string entries(const CLI::App& command, bool positional) {
  std::string out;
  for (const CLI::Option* option : command.get_options()) {
    if (option->get_positional() == positional && (positional || !option->get_group().empty())) out += entry(*option);
  }
  return out;
}

// The footer of a command has its own titles: lines that end with a colon begin a section of the page.
std::string more(const std::string& footer) {
  const size_t status = footer.find("Exit status:\n");
  std::string out;
  const std::string_view all = footer;
  const std::string_view before = all.substr(0, status);
  if (!before.empty()) out += ".SH NOTES\n" + as_it_is(before);
  if (status != std::string::npos) out += ".SH EXIT STATUS\n" + as_it_is(all.substr(all.find('\n', status) + 1));
  return out;
}

}  // namespace

std::vector<const CLI::App*> shown_commands(const CLI::App& program) {
  return program.get_subcommands([](const CLI::App* command) { return !command->get_group().empty(); });
}

std::string manual_of_program(const CLI::App& program, std::string_view date) {
  std::string out = head("WEIR", date);
  out += fmt::format(".SH NAME\nweir \\- {}.SH SYNOPSIS\n.B weir\n.I COMMAND\n.RI [ OPTION ...]\n.SH DESCRIPTION\n{}",
                     roff_text("network telemetry: collects NetFlow, IPFIX and sFlow, and answers questions"),
                     roff_text(program.get_description()));
  out += ".SH COMMANDS\n";
  std::string see_also;
  for (const CLI::App* command : shown_commands(program)) {
    out += fmt::format(".TP\n.BR weir\\-{} (1)\n{}", command->get_name(),
                       roff_text(first_sentence(command->get_description())));
    see_also += fmt::format(".BR weir\\-{} (1),\n", command->get_name());
  }
  return out + ".SH OPTIONS\n" + entries(program, false) +
         ".SH EXIT STATUS\n0: success. 1: failure; the reason is on standard error. 2: wrong usage.\n3: the answer is "
         "incomplete, as parts of the store are damaged or missing.\n" +
         files_and_more(see_also + ".BR weir.toml (5)");
}

std::string manual_of_command(const CLI::App& program, const CLI::App& command, std::string_view date) {
  const std::string name = command.get_name();
  std::string upper = "WEIR-" + name;
  std::ranges::transform(upper, upper.begin(), [](char c) { return c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c; });
  std::string out = head(upper, date);
  out += fmt::format(".SH NAME\nweir\\-{} \\- {}.SH SYNOPSIS\n.B weir {}\n.RI [ OPTION ...]", name,
                     roff_text(first_sentence(command.get_description())), name);
  for (const CLI::Option* option : command.get_options()) {
    if (!option->get_positional()) continue;
    const std::string argument = option->get_single_name();
    out += fmt::format("\n.RI {} {}", option->get_required() ? "\"\"" : "[", roff_argument(argument));
    out += option->get_expected_max() > 1 ? " ..." : " \"\"";
    if (!option->get_required()) out += " ]";
  }
  out += fmt::format("\n.SH DESCRIPTION\n{}", roff_text(command.get_description()));
  if (const std::string arguments = entries(command, true); !arguments.empty()) out += ".SH ARGUMENTS\n" + arguments;
  out += ".SH OPTIONS\n" + entries(command, false) + more(command.get_footer());
  std::string see_also = ".BR weir (1),\n";
  for (const CLI::App* other : shown_commands(program)) {
    if (other != &command) see_also += fmt::format(".BR weir\\-{} (1),\n", other->get_name());
  }
  return out + files_and_more(see_also + ".BR weir.toml (5)");
}

}  // namespace weir::app
