#include "config/document.h"

#include <fmt/format.h>

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

}  // namespace

std::string example() {
  std::string out = comment(
      "Configuration of weir: every key with its default. `weir collect -c FILE` reads it, `weir check FILE` "
      "checks it. A line that is left out means the default.");
  for (const Section& section : sections()) {
    out += '\n';
    out += comment(section.doc);
    out += section.array ? fmt::format("# [[{}]]\n", section.name) : fmt::format("[{}]\n", section.name);
    for (const Key& key : keys()) {
      if (key.section != section.name) continue;
      const std::string value = default_text(key);
      out += comment(fmt::format("{} ({}; {})", key.doc, allowed(key), reload_text(key)));
      out +=
          value.empty() ? fmt::format("# {} = {}\n", key.name, key.example) : fmt::format("{} = {}\n", key.name, value);
    }
  }
  return out;
}

std::string markdown() {
  std::string out =
      "<!-- Written by `weir check --markdown` from src/config/keys.cc: change that file, then run `./dev doc`. -->\n"
      "# Configuration\n\n"
      "`weir collect` works without a configuration. With one, `weir collect -c weir.toml`; command line options win "
      "over the "
      "file.\n`weir check weir.toml` reports every problem of a file with its line, `weir check --example` prints an "
      "example with "
      "all defaults.\n\n"
      "On SIGHUP a running collector reads the file again. A file with a problem is refused as a whole and the "
      "collector goes on "
      "with\nwhat it had; keys marked \"restart\" are reported when they changed, and keep their old value until then. "
      "No datagram "
      "is lost.\n\n"
      "The file is TOML. Durations are texts such as `\"500ms\"`, `\"5s\"`, `\"15m\"`, `\"6h\"`, `\"30d\"`, `\"2w\"`; "
      "sizes are texts "
      "such as `\"512MiB\"`\n(1024) or `\"10GB\"` (1000). Unknown keys are errors.\n";
  for (const Section& section : sections()) {
    out += fmt::format("\n## {}{}{}\n\n{}\n\n", section.array ? "[[" : "[", section.name, section.array ? "]]" : "]",
                       section.doc);
    out += "| key | default | allowed | SIGHUP | meaning |\n|---|---|---|---|---|\n";
    for (const Key& key : keys()) {
      if (key.section != section.name) continue;
      const std::string value = default_text(key);
      const std::string shown = !value.empty()  ? fmt::format("`{}`", value)
                                : key.optional  ? fmt::format("usual, such as `{}`", key.example)
                                : section.array ? fmt::format("required, such as `{}`", key.example)
                                                : fmt::format("none, such as `{}`", key.example);
      out += fmt::format("| `{}` | {} | {} | {} | {} |\n", key.name, cell(shown), cell(allowed(key)),
                         key.on_reload == OnReload::applied ? "applied" : "restart", cell(key.doc));
    }
  }
  return out;
}

}  // namespace weir::config
