#include "config/document.h"

#include <fmt/format.h>

#include "base/roff.h"
#include "config/keys.h"

namespace weir::config {
namespace {

constexpr size_t kWidth = 100;  // columns of a comment

// `text` as comment lines.
std::string comment(std::string_view text) {
  std::string out;
  std::string line = "#";
  size_t at = 0;
  while (at < text.size()) {
    const size_t end = std::min(text.find(' ', at), text.size());
    const std::string_view word = text.substr(at, end - at);
    if (line.size() + 1 + word.size() > kWidth && line.size() > 1) {
      out += line + "\n";
      line.resize(1);
    }
    line += ' ';
    line += word;
    at = end + 1;
  }
  return out + line + "\n";
}

std::string_view reload_text(const Key& key) {
  return key.on_reload == OnReload::applied ? "applied by SIGHUP" : "needs a restart";
}

std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '|' ? std::string("\\|") : std::string(1, c);
  return out;
}

std::string shown_default(const Section& section, const Key& key) {
  if (const std::string value = default_text(section, key); !value.empty()) return fmt::format("`{}`", value);
  const bool required = section.array != nullptr && !key.optional;
  return fmt::format("{}, such as `{}`", required ? "required" : key.optional ? "usual" : "none", key.example);
}

std::string flag_text(const Flag& flag) {
  if (flag.name.empty()) return {};
  return fmt::format(" On the command line: `{}`{}.", flag.name, flag.of_replay ? ", also of `weir replay`" : "");
}

}  // namespace

std::string example(Sections sections) {
  std::string out = comment(
      "Configuration of weir: every key with its default. `weir collect -c FILE` reads it, `weir check FILE` checks "
      "it. A line that is left out means the default.");
  for (const Section* section : sections) {
    out += '\n';
    out += comment(section->doc);
    out += section->array != nullptr ? fmt::format("# [[{}]]\n", section->name) : fmt::format("[{}]\n", section->name);
    for (const Key& key : section->keys) {
      const std::string value = default_text(*section, key);
      out += comment(fmt::format("{} ({}; {})", key.doc, allowed(key), reload_text(key)));
      out +=
          value.empty() ? fmt::format("# {} = {}\n", key.name, key.example) : fmt::format("{} = {}\n", key.name, value);
    }
  }
  return out;
}

std::string commented_example(Sections sections) {
  std::string out;
  const std::string all = example(sections);
  for (size_t at = 0; at < all.size();) {
    const size_t end = all.find('\n', at) + 1;
    if (all[at] != '#' && all[at] != '[' && all[at] != '\n') out += "# ";
    out.append(all, at, end - at);
    at = end;
  }
  return out;
}

std::string manual(Sections sections, std::string_view date) {
  std::string out = fmt::format(".TH \"WEIR.TOML\" 5 {} \"weir\" \"Weir\"\n", date) +
                    ".SH NAME\nweir.toml \\- configuration of the collector weir\n.SH DESCRIPTION\n";
  out += roff_text(
      "The file is TOML. A key that is left out has its default. Durations are texts such as \"500ms\", \"5s\", "
      "\"15m\", \"6h\", \"30d\", \"2w\"; sizes are texts such as \"512MiB\" (1024) or \"10GB\" (1000). Unknown keys "
      "are errors. Options of the command line win over the file.");
  out += ".PP\n" + roff_text(
                       "On SIGHUP a running collector reads the file again. A file with a problem is refused as a "
                       "whole, and the collector goes on with what it had.");
  for (const Section* section : sections) {
    const bool array = section->array != nullptr;
    out += fmt::format(".SH {}\n{}",
                       roff_argument(fmt::format("{}{}{}", array ? "[[" : "[", section->name, array ? "]]" : "]")),
                       roff_text(section->doc));
    for (const Key& key : section->keys) {
      const std::string value = default_text(*section, key);
      out += fmt::format(".TP\n.BR {} {}\n{}", roff_argument(key.name),
                         roff_argument(value.empty() ? fmt::format(", such as {}", key.example) : " = " + value),
                         roff_text(fmt::format("{} ({}; {})", key.doc, allowed(key), reload_text(key))));
    }
  }
  return out + ".SH SEE ALSO\n.BR weir\\-collect (1),\n.BR weir\\-check (1)\n";
}

std::string markdown(Sections sections) {
  std::string out =
      "<!-- Written by `weir check --markdown` from src/config/keys.cc: change that file, then run `./dev doc`. -->\n"
      "# Configuration\n\n"
      "`weir collect` works without a configuration. With one, `weir collect -c weir.toml`; command line options win "
      "over the file.\n"
      "`weir check weir.toml` reports every problem of a file with its line, `weir check --example` prints an example "
      "with all defaults.\n\n"
      "On SIGHUP a running collector reads the file again. A file with a problem is refused as a whole and the "
      "collector goes on with\n"
      "what it had; keys marked \"restart\" are reported when they changed, and keep their old value until then. No "
      "datagram is lost.\n\n"
      "The file is TOML. Durations are texts such as `\"500ms\"`, `\"5s\"`, `\"15m\"`, `\"6h\"`, `\"30d\"`, `\"2w\"`; "
      "sizes are texts such as `\"512MiB\"`\n"
      "(1024) or `\"10GB\"` (1000). Unknown keys are errors.\n";
  for (const Section* section : sections) {
    const bool array = section->array != nullptr;
    out += fmt::format("\n## {}{}{}\n\n{}{}\n\n", array ? "[[" : "[", section->name, array ? "]]" : "]", section->doc,
                       flag_text(section->flag));
    out += "| key | default | allowed | SIGHUP | meaning |\n|---|---|---|---|---|\n";
    for (const Key& key : section->keys) {
      out += fmt::format("| `{}` | {} | {} | {} | {}{} |\n", key.name, cell(shown_default(*section, key)),
                         cell(allowed(key)), key.on_reload == OnReload::applied ? "applied" : "restart", cell(key.doc),
                         flag_text(key.flag));
    }
  }
  return out;
}

}  // namespace weir::config
