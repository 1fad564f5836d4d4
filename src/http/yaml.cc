#include "http/yaml.h"

#include <yaml.h>

#include <memory>

#include "base/lazy_library.h"

namespace weir::http {
namespace {

constexpr size_t kMaxDepth = 8;
constexpr size_t kMaxNodes = 10'000;

struct Yaml {
  decltype(&::yaml_parser_initialize) parser_initialize = nullptr;
  decltype(&::yaml_parser_set_input_string) parser_set_input_string = nullptr;
  decltype(&::yaml_parser_load) parser_load = nullptr;
  decltype(&::yaml_parser_delete) parser_delete = nullptr;
  decltype(&::yaml_document_get_root_node) get_root_node = nullptr;
  decltype(&::yaml_document_get_node) get_node = nullptr;
  decltype(&::yaml_document_delete) document_delete = nullptr;
};

Result<const Yaml*> load_library() {
  static Yaml yaml;
  static const auto good = [] {
    LazyLibrary library("libyaml-0.so.2");
    library.find("yaml_parser_initialize", yaml.parser_initialize);
    library.find("yaml_parser_set_input_string", yaml.parser_set_input_string);
    library.find("yaml_parser_load", yaml.parser_load);
    library.find("yaml_parser_delete", yaml.parser_delete);
    library.find("yaml_document_get_root_node", yaml.get_root_node);
    library.find("yaml_document_get_node", yaml.get_node);
    library.find("yaml_document_delete", yaml.document_delete);
    return library.good("a web configuration file", "libyaml-0-2");
  }();
  TRY(good);
  return &yaml;
}

class Reader {
 public:
  Reader(const Yaml& yaml, yaml_document_t& document) : yaml_(yaml), document_(document) {}

  Result<YamlNode> read(const yaml_node_t* from, size_t depth) {
    YamlNode node;
    if (from == nullptr) return node;
    node.line = from->start_mark.line + 1;
    // An alias makes many nodes of one.
    if (++nodes_ > kMaxNodes) return fail("line {}: too many values, or aliases", node.line);
    if (depth > kMaxDepth) return fail("line {}: nested too deeply", node.line);
    switch (from->type) {
      case YAML_SCALAR_NODE:
        node.kind = YamlNode::Kind::text;
        node.text.assign(from->data.scalar.value, from->data.scalar.value + from->data.scalar.length);
        node.plain = from->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
        if (node.plain && (node.text.empty() || node.text == "~" || node.text == "null"))
          node.kind = YamlNode::Kind::nothing;
        return node;
      case YAML_SEQUENCE_NODE:
        node.kind = YamlNode::Kind::list;
        for (const int* item = from->data.sequence.items.start; item != from->data.sequence.items.top; ++item) {
          auto child = TRY(read(at(*item), depth + 1));
          node.items.push_back(std::move(child));
        }
        return node;
      case YAML_MAPPING_NODE:
        node.kind = YamlNode::Kind::mapping;
        for (const yaml_node_pair_t* pair = from->data.mapping.pairs.start; pair != from->data.mapping.pairs.top;
             ++pair) {
          auto key = TRY(read(at(pair->key), depth + 1));
          auto value = TRY(read(at(pair->value), depth + 1));
          node.keys.push_back(std::move(key));
          node.items.push_back(std::move(value));
        }
        return node;
      case YAML_NO_NODE:
        break;
    }
    return node;
  }

 private:
  const yaml_node_t* at(int index) { return yaml_.get_node(&document_, index); }

  const Yaml& yaml_;
  yaml_document_t& document_;
  size_t nodes_ = 0;
};

}  // namespace

Result<YamlNode> parse_yaml(std::string_view text) {
  const auto library = TRY(load_library());
  const Yaml& yaml = *library;
  yaml_parser_t parser;
  if (yaml.parser_initialize(&parser) != 1) return fail("no memory for the YAML parser");
  const std::unique_ptr<yaml_parser_t, decltype(yaml.parser_delete)> parser_owner(&parser, yaml.parser_delete);
  yaml.parser_set_input_string(&parser, reinterpret_cast<const unsigned char*>(text.data()), text.size());
  yaml_document_t document;
  if (yaml.parser_load(&parser, &document) != 1) {
    return fail("line {}: {}", parser.problem_mark.line + 1, parser.problem == nullptr ? "not YAML" : parser.problem);
  }
  const std::unique_ptr<yaml_document_t, decltype(yaml.document_delete)> document_owner(&document,
                                                                                        yaml.document_delete);
  auto root = TRY(Reader(yaml, document).read(yaml.get_root_node(&document), 0));
  yaml_document_t more;
  if (yaml.parser_load(&parser, &more) != 1)
    return fail("line {}: {}", parser.problem_mark.line + 1, parser.problem == nullptr ? "not YAML" : parser.problem);
  const bool second = yaml.get_root_node(&more) != nullptr;
  yaml.document_delete(&more);
  if (second) return fail("there is a second document; a configuration is one");
  return root;
}

}  // namespace weir::http
