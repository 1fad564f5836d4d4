#include "query/printer.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/csv_text.h"
#include "base/json_text.h"
#include "base/terminal_text.h"
#include "query/text.h"

namespace weir::query {
namespace {

class JsonPrinter final : public RowSink {
 public:
  JsonPrinter(Output& output, bool lines) : output_(output), lines_(lines) {}

  // Keys are escaped once, not with every row.
  Result<> begin(std::span<const ResultColumn> columns) override {
    keys_.clear();
    for (const ResultColumn& column : columns) {
      std::string key = keys_.empty() ? "{" : ",";
      append_json_string(key, column.name);
      keys_.push_back(key + ":");
    }
    rows_ = 0;
    if (!lines_) output_.buffer() += "[";
    return {};
  }

  Result<> row(std::span<const Value> values) override {
    std::string& out = output_.buffer();
    if (!lines_) out += rows_ > 0 ? ",\n " : "\n ";
    for (size_t i = 0; i < values.size(); ++i) {
      out += keys_[i];
      append_json(out, values[i]);
    }
    out += lines_ ? "}\n" : "}";
    ++rows_;
    return output_.spill();
  }

  Result<> end() override {
    std::string& out = output_.buffer();
    if (!missing_.empty()) {
      if (!lines_) out += rows_ > 0 ? ",\n " : "\n ";
      out += missing_;
      if (lines_) out += '\n';
      ++rows_;
    }
    if (!lines_) out += rows_ > 0 ? "\n]\n" : "]\n";
    return output_.flush();
  }

  void incomplete(std::span<const store::LeftOut> missing) override {
    missing_ = "{\"incomplete\":[";
    for (const store::LeftOut& part : missing) {
      if (missing_.back() == '}') missing_ += ',';
      missing_ += "{\"path\":";
      append_json_string(missing_, part.path.string());
      missing_ += ",\"reason\":";
      append_json_string(missing_, part.reason);
      missing_ += '}';
    }
    missing_ += "]}";
  }

 private:
  Output& output_;
  bool lines_;
  std::vector<std::string> keys_;
  std::string missing_;  // as JSON
  size_t rows_ = 0;
};

class CsvPrinter final : public RowSink {
 public:
  CsvPrinter(Output& output, bool guarded) : output_(output), guarded_(guarded) {}

  Result<> begin(std::span<const ResultColumn> columns) override {
    std::string& out = output_.buffer();
    for (size_t i = 0; i < columns.size(); ++i) {
      if (i > 0) out += ',';
      append_text(out, columns[i].name);
    }
    out += '\n';
    return {};
  }

  Result<> row(std::span<const Value> values) override {
    std::string& out = output_.buffer();
    for (size_t i = 0; i < values.size(); ++i) {
      if (i > 0) out += ',';
      const Value& value = values[i];
      if (std::holds_alternative<std::string>(value) || std::holds_alternative<JsonText>(value))
        append_text(out, plain_text(value));
      else
        append_csv(out, plain_text(value));
    }
    out += '\n';
    return output_.spill();
  }

  Result<> end() override { return output_.flush(); }

 private:
  void append_text(std::string& out, std::string_view text) const {
    guarded_ ? append_csv_guarded(out, text) : append_csv(out, text);
  }

  Output& output_;
  bool guarded_;
};

class TablePrinter final : public RowSink {
 public:
  TablePrinter(Output& output, Screen screen) : output_(output), screen_(screen) {}

  Result<> begin(std::span<const ResultColumn> columns) override {
    columns_.assign(columns.begin(), columns.end());
    for (ResultColumn& column : columns_) column.name = terminal_text(column.name);
    sample_.clear();
    settled_ = false;
    return {};
  }

  Result<> row(std::span<const Value> values) override {
    std::vector<std::string> texts;
    for (const Value& value : values) texts.push_back(plain_text(value));
    bool more = true;
    while (more) {
      more = false;
      std::vector<std::string> cells;
      for (size_t i = 0; i < texts.size(); ++i) {
        const size_t newline = columns_[i].lines ? texts[i].find('\n') : std::string::npos;
        cells.push_back(terminal_text(texts[i].substr(0, newline)));
        texts[i].erase(0, newline == std::string::npos ? newline : newline + 1);
        more = more || !texts[i].empty();
      }
      add(std::move(cells));
    }
    return output_.spill();
  }

  Result<> end() override {
    if (!settled_) settle();
    return output_.flush();
  }

 private:
  static constexpr size_t kGap = 2;

  void add(std::vector<std::string> cells) {
    if (settled_) return print(cells, false);
    sample_.push_back(std::move(cells));
    if (sample_.size() == kTableSample) settle();
  }

  // Decides the widths and prints what waited for them.
  void settle() {
    settled_ = true;
    widths_.clear();
    for (size_t i = 0; i < columns_.size(); ++i) {
      size_t width = display_width(columns_[i].name);
      for (const std::vector<std::string>& cells : sample_) width = std::max(width, display_width(cells[i]));
      widths_.push_back(width);
    }
    fit();
    std::vector<std::string> names;
    for (const ResultColumn& column : columns_) names.push_back(column.name);
    print(names, screen_.bold);
    for (const std::vector<std::string>& cells : sample_) print(cells, false);
    sample_.clear();
  }

  // Takes columns off the widest text until the table fits the screen, but not off numbers and addresses: if those are
  // too much for it, lines are longer than the screen.
  void fit() {
    constexpr size_t kLeast = 8;
    if (screen_.width == 0 || columns_.empty()) return;
    size_t total = kGap * (columns_.size() - 1);
    for (const size_t width : widths_) total += width;
    while (total > screen_.width) {
      size_t widest = columns_.size();
      for (size_t i = 0; i < columns_.size(); ++i) {
        if (columns_[i].number || columns_[i].whole || widths_[i] <= kLeast) continue;
        if (widest == columns_.size() || widths_[i] > widths_[widest]) widest = i;
      }
      if (widest == columns_.size()) return;
      --widths_[widest];
      --total;
    }
  }

  void print(const std::vector<std::string>& cells, bool bold) {
    std::string line;
    for (size_t i = 0; i < cells.size(); ++i) {
      const bool number = columns_[i].number;
      const std::string cell =
          screen_.width > 0 && !number && !columns_[i].whole ? cut_to_width(cells[i], widths_[i]) : cells[i];
      const size_t used = display_width(cell);
      const std::string pad(widths_[i] > used ? widths_[i] - used : 0, ' ');
      if (i > 0) line.append(kGap, ' ');
      line += number ? pad + cell : cell + pad;
    }
    line.resize(line.find_last_not_of(' ') + 1);
    output_.buffer() += bold ? "\x1b[1m" + line + "\x1b[0m\n" : line + "\n";
  }

  Output& output_;
  Screen screen_;
  std::vector<ResultColumn> columns_;
  std::vector<std::vector<std::string>> sample_;
  std::vector<size_t> widths_;
  bool settled_ = false;
};

}  // namespace

std::optional<Format> parse_format(std::string_view name) {
  constexpr std::array<std::string_view, 4> kNames = {"table", "json", "ndjson", "csv"};
  const auto found = std::ranges::find(kNames, name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<Format>(found - kNames.begin());
}

Screen screen_of(std::FILE* file) {
  const int fd = fileno(file);
  if (isatty(fd) == 0) return {};
  winsize size{};
  const bool known = ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return {known ? size.ws_col : 80u, true};
}

Result<> Output::flush() {
  const size_t wanted = buffer_.size();
  const size_t written = wanted > 0 ? std::fwrite(buffer_.data(), 1, wanted, file_) : 0;
  buffer_.clear();
  if (written != wanted || std::fflush(file_) != 0) return fail_errno("cannot write the output");
  return {};
}

std::unique_ptr<RowSink> make_printer(Format format, Output& output, Screen screen) {
  switch (format) {
    case Format::table:
      return std::make_unique<TablePrinter>(output, screen);
    case Format::json:
      return std::make_unique<JsonPrinter>(output, false);
    case Format::ndjson:
      return std::make_unique<JsonPrinter>(output, true);
    case Format::csv:
      return std::make_unique<CsvPrinter>(output, false);
    case Format::csv_guarded:
      return std::make_unique<CsvPrinter>(output, true);
  }
  return nullptr;
}

}  // namespace weir::query
