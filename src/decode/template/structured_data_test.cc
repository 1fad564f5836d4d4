// Lists in fields (RFC 6313), as `weir decode` and the column `other` show them.
#include "decode/template/structured_data.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <map>

#include "decode/test_decode.h"

namespace weir::decode {
namespace {

using flow::Anomaly;
using test::FieldOf;
using test::Harness;
using test::Wire;
using Type = flow::AbstractType;

class Templates : public TemplateSource {
 public:
  void add(uint16_t id, std::vector<FieldSpec> fields) {
    Template& layout = known_[TemplateId{id}];
    layout.id = TemplateId{id};
    layout.fields = std::move(fields);
    layout.measure();
  }
  NestedTemplate find(TemplateId id) override {
    const auto found = known_.find(id);
    return found == known_.end()
               ? NestedTemplate{}
               : NestedTemplate{&found->second,
                                std::make_shared<const std::vector<std::string>>(field_labels(found->second))};
  }

 private:
  std::map<TemplateId, Template> known_;
};

struct Shown {
  std::string json;
  std::string trouble;
};

Shown show(Type type, ByteView bytes, TemplateSource* templates = nullptr, Limits limits = {}) {
  Shown shown;
  const ListTrouble trouble = ValueWriter(templates, Timestamp{}, limits).append(shown.json, type, bytes);
  shown.trouble = trouble.bad && trouble.limit ? "bad limit" : trouble.bad ? "bad" : trouble.limit ? "limit" : "";
  return shown;
}
std::string json(Type type, std::initializer_list<uint8_t> bytes) {
  return show(type, std::vector<uint8_t>(bytes)).json;
}

// RFC 6313 section 4.5.1: semantic, element, length, then the values.
TEST(StructuredData, BasicLists) {
  // bgpCommunity 65000:1 and 65000:2, all of them
  EXPECT_EQ(json(Type::basicList, {3, 1, 0xe3, 0, 4, 0xfd, 0xe8, 0, 1, 0xfd, 0xe8, 0, 2}),
            R"({"semantic":"allOf","element":"bgpCommunity","values":[4259840001,4259840002]})");
  // applicationName, of variable length: "ab" and "" and, with a length of three bytes, "c"
  EXPECT_EQ(json(Type::basicList, {0xff, 0, 96, 0xff, 0xff, 2, 'a', 'b', 0, 255, 0, 1, 'c'}),
            R"({"semantic":"undefined","element":"applicationName","values":["ab","","c"]})");
  // silkAppLabel of enterprise 6871
  EXPECT_EQ(json(Type::basicList, {4, 0x80, 33, 0, 2, 0, 0, 0x1a, 0xd7, 0, 53}),
            R"({"semantic":"ordered","element":"silkAppLabel","values":[53]})");
  EXPECT_EQ(json(Type::basicList, {9, 0, 4, 0, 1}), R"({"semantic":"9","element":"protocolIdentifier","values":[]})");
  EXPECT_EQ(json(Type::basicList, {3, 1, 35, 0, 6, 3, 0, 4, 0, 1, 6}),
            R"({"semantic":"allOf","element":"basicList","values":[{"semantic":"allOf","element":"protocolIdentifier",)"
            R"("values":[6]}]})");
}

TEST(StructuredData, DamagedListsAreHexadecimalAndCounted) {
  struct Case {
    const char* name;
    Type type;
    Wire bytes;
  };
  const Case cases[] = {
      {"no whole header", Type::basicList, Wire::hex("03 0004 00")},
      {"a value is cut off", Type::basicList, Wire::hex("03 0004 0002 01")},
      {"values of no bytes have no end", Type::basicList, Wire::hex("03 0004 0000 01")},
      {"no whole enterprise number", Type::basicList, Wire::hex("03 8004 0001 00")},
      {"a variable value is cut off", Type::basicList, Wire::hex("03 0060 ffff 05 01")},
      {"no template id", Type::subTemplateList, Wire::hex("03 01")},
      {"a record is cut off", Type::subTemplateList, Wire::hex("03 0100 0050 00")},
      {"no whole part", Type::subTemplateMultiList, Wire::hex("03 0100 00")},
      {"a part shorter than its header", Type::subTemplateMultiList, Wire::hex("03 0100 0000")},
      {"a part of three bytes", Type::subTemplateMultiList, Wire::hex("03 0100 0003 0050")},
      {"a part beyond the list", Type::subTemplateMultiList, Wire::hex("03 0100 0008 0050")},
      {"a record in a part is cut off", Type::subTemplateMultiList, Wire::hex("03 0100 0005 00")},
  };
  Templates templates;
  templates.add(256, {{0, 7, 2}});
  for (const Case& c : cases) {
    const Shown shown = show(c.type, c.bytes, &templates);
    EXPECT_EQ(shown.trouble, "bad") << c.name;
    std::string hex = "\"";
    for (const uint8_t byte : c.bytes.bytes()) hex += fmt::format("{:02x}", byte);
    EXPECT_EQ(shown.json, hex + '"') << c.name;
  }
}

TEST(StructuredData, ListsOfTemplates) {
  Templates templates;
  templates.add(256, {{0, 8, 4}, {0, 7, 2}, {0, 7, 2}, {0, 96, kVariableLength}});
  templates.add(257, {{0, 4, 1}});
  EXPECT_EQ(
      show(Type::subTemplateList, Wire::hex("03 0100 c0000201 0050 0051 02 6869 c0000202 0001 0002 00"), &templates)
          .json,
      R"({"semantic":"allOf","template":256,"records":[)"
      R"({"sourceIPv4Address":"192.0.2.1","sourceTransportPort":80,"sourceTransportPort#2":81,"applicationName":"hi"},)"
      R"({"sourceIPv4Address":"192.0.2.2","sourceTransportPort":1,"sourceTransportPort#2":2,"applicationName":""}]})");
  EXPECT_EQ(show(Type::subTemplateMultiList, Wire::hex("04 0101 0006 06 11 0200 0006 beef 0101 0004"), &templates).json,
            R"({"semantic":"ordered","lists":[)"
            R"({"template":257,"records":[{"protocolIdentifier":6},{"protocolIdentifier":17}]},)"
            R"({"template":512,"octets":"beef"},{"template":257,"records":[]}]})");
  EXPECT_EQ(show(Type::subTemplateList, Wire::hex("ff 0101 06")).json,
            R"({"semantic":"undefined","template":257,"octets":"06"})")
      << "no templates at hand";
  EXPECT_EQ(show(Type::subTemplateList, Wire::hex("ff 0101"), &templates).json,
            R"({"semantic":"undefined","template":257,"records":[]})");
}

TEST(StructuredData, ABadListInsideAGoodOneCostsOnlyItself) {
  Templates templates;
  templates.add(256, {{0, 4, 1}, {0, 291, kVariableLength}});
  const Shown shown = show(Type::subTemplateList, Wire::hex("03 0100 06 05 0300040000 11 06 030004000111"), &templates);
  EXPECT_EQ(
      shown.json,
      R"({"semantic":"allOf","template":256,"records":[{"protocolIdentifier":6,"basicList":"0300040000"},)"
      R"({"protocolIdentifier":17,"basicList":{"semantic":"allOf","element":"protocolIdentifier","values":[17]}}]})");
  EXPECT_EQ(shown.trouble, "bad");
}

// nfdump d5e8887d: a subTemplateMultiList with an entry of size zero was an endless loop.
TEST(StructuredData, IncidentRecordsOfNoOctets) {
  Templates templates;
  templates.add(256, {{0, 4, 0}, {0, 5, 0}});
  EXPECT_EQ(show(Type::subTemplateList, Wire::hex("03 0100 0102"), &templates).json,
            R"({"semantic":"allOf","template":256,"octets":"0102"})");
  EXPECT_EQ(show(Type::subTemplateMultiList, Wire::hex("03 0100 0006 0102"), &templates).json,
            R"({"semantic":"allOf","lists":[{"template":256,"octets":"0102"}]})");
}

TEST(StructuredData, DepthHasALimit) {
  // A list of a list of a list...
  Wire bytes = Wire::hex("03 0004 0001 06");
  for (int depth = 0; depth < 20; ++depth) {
    bytes = Wire().u8(3).u16(291).u16(65535).u8(255).u16(bytes.size()).add(bytes);
  }
  const Shown shown = show(Type::basicList, bytes);
  EXPECT_EQ(shown.trouble, "limit");
  size_t depth = 0;
  for (size_t at = 0; (at = shown.json.find("\"semantic\"", at)) != std::string::npos; ++at) ++depth;
  EXPECT_EQ(depth, Limits{}.list_depth);
  // A template whose records hold lists of itself.
  Templates templates;
  templates.add(256, {{0, 292, kVariableLength}});
  Wire nested = Wire::hex("03 0100");
  for (int i = 0; i < 20; ++i) nested = Wire().u8(3).u16(256).u8(nested.size()).add(nested);
  EXPECT_EQ(show(Type::subTemplateList, nested, &templates).trouble, "limit");
}

TEST(StructuredData, ValuesHaveALimit) {
  Limits limits;
  limits.list_values = 10;
  EXPECT_EQ(show(Type::basicList, Wire::hex("03 0004 0001").zeros(11), nullptr, limits).trouble, "limit");
  EXPECT_EQ(show(Type::basicList, Wire::hex("03 0004 0001").zeros(10), nullptr, limits).trouble, "");
  Templates templates;
  templates.add(256, {{0, 4, 1}, {0, 5, 1}});
  const Shown shown = show(Type::subTemplateList, Wire::hex("03 0100").zeros(100), &templates, limits);
  EXPECT_EQ(shown.trouble, "limit");
  EXPECT_TRUE(shown.json.ends_with(R"("ipClassOfService":0}]})")) << shown.json;
}

const std::vector<FieldOf> kListFields = {{7, 2}, {293, 65535}};

Wire list_message() {
  const Wire list = Wire::hex("03 0200 0007 06 11 02");
  return test::set(2, test::template_record(256, kListFields).add(test::template_record(512, {{4, 1}})))
      .add(test::set(256, Wire().u16(80).u8(list.size()).add(list)));
}

TEST(StructuredData, OtherHoldsListsOfTheSessionsTemplates) {
  DecoderOptions options;
  options.other = true;
  Harness h(options);
  h.feed(test::ipfix({}, list_message()));
  EXPECT_EQ(
      h.rows().at(0).at("other"),
      R"({"subTemplateMultiList":{"semantic":"allOf","lists":[{"template":512,"records":[{"protocolIdentifier":6},)"
      R"({"protocolIdentifier":17},{"protocolIdentifier":2}]}]}})");
  EXPECT_EQ(h.anomalies(), "");
}

TEST(StructuredData, RecordsForInspectionFindTemplates) {
  struct Sink : RecordSink {
    void on_record(const RecordView& record) override {
      ASSERT_NE(record.templates, nullptr);
      EXPECT_NE(record.templates->find(TemplateId{512}).layout, nullptr);
      EXPECT_EQ(record.templates->find(TemplateId{513}).layout, nullptr);
      ++records;
    }
    int records = 0;
  } sink;
  Decoder decoder({});
  decoder.inspect(test::datagram(test::ipfix({}, list_message())), sink);
  EXPECT_EQ(sink.records, 1);
}

TEST(StructuredData, BadListsAreCounted) {
  for (const bool other : {false, true}) {
    DecoderOptions options;
    options.other = other;
    Harness h(options);
    h.feed(test::ipfix({}, test::set(2, test::template_record(256, {{7, 2}, {291, 65535}}))
                               .add(test::set(256, Wire().u16(80).u8(5).add(Wire::hex("0300040000"))))));
    EXPECT_EQ(h.anomalies(), other ? "bad_list" : "") << "nobody looked into it";
    test::TextSink sink;
    h.decoder = Decoder(options);
    h.decoder.inspect(
        test::datagram(test::ipfix({}, test::set(2, test::template_record(256, {{7, 2}, {291, 65535}}))
                                           .add(test::set(256, Wire().u16(80).u8(5).add(Wire::hex("0300040000")))))),
        sink);
    EXPECT_EQ(h.anomalies(), "bad_list");
  }
}

}  // namespace
}  // namespace weir::decode
