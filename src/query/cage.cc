#include "query/cage.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <set>
#include <vector>

#include "base/letters.h"
#include "filter/lexer.h"

namespace weir::query {
namespace {

namespace json = boost::json;

// What is said of a statement by its first word.
constexpr struct {
  std::string_view words;  // with a blank before and behind each
  std::string_view advice;
} kAdvice[] = {
    {" copy export ", "writes no files from SQL; for an export give -o parquet or -o csv with --output FILE"},
    {" attach detach use import ", "reads one store, the one that --store names"},
    {" install load force ", "loads no extensions; the functions there are are in duckdb_functions()"},
    {" set reset pragma ", "keeps its settings; --memory and --timeout set the limits of a question"},
    {" create insert update delete drop alter truncate merge comment replace ",
     "only reads; name what stands between question and answer with WITH name AS (SELECT ...)"},
    {" call execute prepare deallocate ",
     "takes questions only; write SELECT * FROM name(...) for a function of tables"},
    {" begin start commit rollback abort end ", "needs no transactions; leave that out"},
    {" checkpoint vacuum analyze ", "has nothing to tidy up; leave that out"},
    {" pivot ", "needs the values of a PIVOT; write PIVOT flows ON proto IN (6, 17) USING sum(bytes)"},
};
constexpr std::string_view kOnlySelect = "takes SELECT, WITH, VALUES, DESCRIBE, SUMMARIZE, SHOW and EXPLAIN only";

// Functions that give a table, and open nothing.
constexpr auto kTableFunctions = std::to_array<std::string_view>({"range",
                                                                  "generate_series",
                                                                  "unnest",
                                                                  "repeat",
                                                                  "repeat_row",
                                                                  "json_each",
                                                                  "json_tree",
                                                                  "duckdb_columns",
                                                                  "duckdb_tables",
                                                                  "duckdb_views",
                                                                  "duckdb_schemas",
                                                                  "duckdb_databases",
                                                                  "duckdb_functions",
                                                                  "duckdb_types",
                                                                  "duckdb_keywords",
                                                                  "duckdb_memory",
                                                                  "duckdb_settings",
                                                                  "duckdb_temporary_files",
                                                                  "pragma_version",
                                                                  "pragma_platform",
                                                                  "pg_timezone_names",
                                                                  "icu_calendar_names"});
// Functions of values that tell or do something outside of a question.
constexpr auto kRefusedFunctions =
    std::to_array<std::string_view>({"getenv", "write_log", "json_execute_serialized_sql", "json_serialize_plan"});

std::unexpected<Error> refuse(std::string_view what, std::string_view advice) {
  return fail("{}: weir sql {}; --unsafe gives DuckDB as it is", what, advice);
}

// The text behind blanks and comments. Comments may stand in each other.
std::string_view skip_blanks(std::string_view sql) {
  while (!sql.empty()) {
    if (sql.starts_with("--")) {
      sql.remove_prefix(std::min(sql.find('\n'), sql.size()));
    } else if (sql.starts_with("/*")) {
      int depth = 0;
      do {
        const bool opens = sql.starts_with("/*");
        const bool closes = sql.starts_with("*/");
        depth += opens ? 1 : closes ? -1 : 0;
        sql.remove_prefix(opens || closes ? 2 : 1);
      } while (depth > 0 && !sql.empty());
    } else if (std::string_view(" \t\r\n\f\v;").find(sql.front()) != std::string_view::npos) {
      sql.remove_prefix(1);
    } else {
      break;
    }
  }
  return sql;
}

std::string upper(std::string_view lower_text) {
  std::string result;
  for (const char c : lower_text) result += c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  return result;
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

// Takes a first word of letters away from `sql`; in small letters.
std::string take_word(std::string_view& sql) {
  sql = skip_blanks(sql);
  const auto end = std::ranges::find_if_not(sql, is_letter);
  const std::string word(sql.begin(), end);
  sql.remove_prefix(word.size());
  return lower_case(word);
}

// What EXPLAIN explains. Its options are for DuckDB to understand.
std::string_view explained(std::string_view sql) {
  std::string_view rest = sql;
  if (take_word(rest) == "analyze") sql = rest;
  return skip_blanks(sql);
}

std::string_view without_options(std::string_view sql) {
  const size_t end = sql.find(')');
  return sql.starts_with('(') && end != std::string_view::npos ? skip_blanks(sql.substr(end + 1)) : sql;
}

// DuckDB's parse tree of a SELECT as JSON; nothing if the text is no SELECT.
Result<json::value> parse_tree(duck::Connection& connection, std::string_view sql) {
  duck::Rows rows = TRY(connection.query(fmt::format("SELECT json_serialize_sql({})::VARCHAR", duck::quote(sql))));
  const std::optional<duck::Chunk> chunk = TRY(rows.next());
  if (!chunk || chunk->rows() == 0 || chunk->is_null(0, 0)) return json::value();
  const std::string_view text = chunk->text(0, 0);
  json::parse_options options;
  options.max_depth = 100'000;  // of its own; DuckDB's parser has a limit for expressions
  boost::system::error_code error;
  const json::value tree = json::parse(json::string_view(text.data(), text.size()), error, {}, options);
  const json::object* object = error ? nullptr : tree.if_object();
  const json::value* failed = object == nullptr ? nullptr : object->if_contains("error");
  if (failed == nullptr || !failed->is_bool() || failed->get_bool()) return json::value();
  const json::value* statements = object->if_contains("statements");
  return statements == nullptr || !statements->is_array() || statements->get_array().size() != 1 ? json::value() : tree;
}

std::string_view member(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(json::string_view(name.data(), name.size()));
  if (value == nullptr || !value->is_string()) return {};
  return {value->get_string().data(), value->get_string().size()};
}

// Every object of a parse tree, without recursion: trees are as deep as a statement likes.
template <class Visit>
Result<> for_each_object(const json::value& tree, Visit visit) {
  std::vector<const json::value*> left = {&tree};
  while (!left.empty()) {
    const json::value* value = left.back();
    left.pop_back();
    if (const json::array* array = value->if_array()) {
      for (const json::value& element : *array) left.push_back(&element);
    } else if (const json::object* object = value->if_object()) {
      TRY(visit(*object));
      for (const auto& [key, element] : *object) left.push_back(&element);
    }
  }
  return {};
}

class Tree {
 public:
  explicit Tree(const json::value& tree) : tree_(tree) {}

  Result<> check() {
    TRY(for_each_object(tree_, [&](const json::object& node) -> Result<> {
      if (const json::value* map = node.if_contains("cte_map")) collect(*map);
      return {};
    }));
    return for_each_object(tree_, [&](const json::object& node) { return check_node(node); });
  }

 private:
  void collect(const json::value& cte_map) {
    const json::object* object = cte_map.if_object();
    const json::value* map = object == nullptr ? nullptr : object->if_contains("map");
    if (map == nullptr || !map->is_array()) return;
    for (const json::value& entry : map->get_array()) {
      if (const json::object* named = entry.if_object()) names_.insert(lower_case(member(*named, "key")));
    }
  }

  Result<> check_node(const json::object& node) const {
    const std::string_view type = member(node, "type");
    if (type == "BASE_TABLE" || type == "SHOW_REF") return check_table(member(node, "table_name"));
    if (type == "TABLE_FUNCTION") {
      const json::value* function = node.if_contains("function");
      const json::object* called = function == nullptr ? nullptr : function->if_object();
      const std::string name = called == nullptr ? "" : lower_case(member(*called, "function_name"));
      if (std::ranges::find(kTableFunctions, name) == kTableFunctions.end()) {
        return refuse(filter::printable(name) + "()",
                      "opens no files and nothing else outside the store's tables, such as "
                      "flows and counters");
      }
    }
    if (member(node, "class") == "FUNCTION") {
      const std::string name = lower_case(member(node, "function_name"));
      const bool refused = std::ranges::find(kRefusedFunctions, name) != kRefusedFunctions.end();
      if (refused || name.starts_with("__internal")) {
        return refuse(filter::printable(name) + "()", "has no functions that reach out of the question; leave it out");
      }
    }
    return {};
  }

  // DuckDB takes the name of a table that is not there for a file.
  Result<> check_table(std::string_view name) const {
    if (name.find_first_of("./\\:*?[]{}~%") == std::string_view::npos || names_.contains(lower_case(name))) return {};
    return refuse(fmt::format("'{}'", filter::printable(name)),
                  "opens no files, and the tables of the store are flows, counters and account");
  }

  const json::value& tree_;
  std::set<std::string> names_;  // of WITH
};

}  // namespace

Result<> check_statement(duck::Connection& connection, std::string_view sql) {
  // DuckDB would read to it, and not beyond.
  if (sql.find('\0') != std::string_view::npos) return refuse("a byte that is 0", "takes text only; leave it out");
  std::string_view rest = sql;
  const std::string word = take_word(rest);
  json::value tree;
  if (word == "explain") {
    rest = explained(rest);
    tree = TRY(parse_tree(connection, rest));
    if (tree.is_null()) tree = TRY(parse_tree(connection, without_options(rest)));
  } else {
    tree = TRY(parse_tree(connection, sql));
  }
  if (!tree.is_null()) return Tree(tree).check();
  for (const auto& [words, advice] : kAdvice) {
    if (!word.empty() && words.find(" " + word + " ") != std::string_view::npos) return refuse(upper(word), advice);
  }
  return refuse(word.empty() ? "this statement" : upper(word), kOnlySelect);
}

std::string refused_file(const duck::Error& failure) {
  if (failure.kind != duck::ErrorKind::permission) return {};
  return refuse("a file", "opens no files but those of the store").error().message;
}

std::string lock_sql(std::span<const std::filesystem::path> paths) {
  std::string list;
  for (const std::filesystem::path& path : paths) {
    list += fmt::format("{}{}", list.empty() ? "" : ", ", duck::quote(path.string()));
  }
  return fmt::format(
      "SET allowed_paths = [{}];\n"
      "SET allow_community_extensions = false;\n"
      "SET enable_external_access = false;\n"
      "SET lock_configuration = true;\n",
      list);
}

}  // namespace weir::query
