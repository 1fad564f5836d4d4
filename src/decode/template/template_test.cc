#include "decode/template/template.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <utility>

#include <string>

#include "decode/test_wire.h"

namespace weir::decode {
namespace {

using flow::Anomaly;
using test::Wire;

constexpr size_t kMaxFields = 8;

struct Read {
  std::string templates;
  std::string anomalies;
};

// "256:8/4,12/4" a template, "o256:scope 1/4,..." options, "-256" a withdrawal, "-all".
Read read(const Wire& body, const Dialect& dialect, bool options) {
  flow::AnomalyCounts anomalies;
  TemplateReader reader(body, dialect, options, kMaxFields, anomalies);
  Read result;
  while (const auto record = reader.next()) {
    std::string& text = result.templates;
    if (!text.empty()) text += " ";
    if (record->kind == TemplateRecordKind::withdraw_all) text += "-all";
    if (record->kind == TemplateRecordKind::withdrawal)
      text += fmt::format("-{}", std::to_underlying(record->layout.id));
    if (record->kind != TemplateRecordKind::definition) continue;
    text += fmt::format("{}{}:", record->layout.options ? "o" : "", std::to_underlying(record->layout.id));
    for (const FieldSpec& field : record->layout.fields) {
      text += fmt::format(
          "{}{}{}/{}", text.back() == ':' ? "" : ",", field.scope ? "s" : "",
          field.enterprise != 0 ? fmt::format("{}.{}", field.enterprise, field.element) : std::to_string(field.element),
          field.length);
    }
  }
  for (size_t i = 0; i < flow::kAnomalyCount; ++i) {
    const auto anomaly = static_cast<Anomaly>(i);
    if (anomalies[anomaly] > 0)
      result.anomalies += fmt::format("{}{}", result.anomalies.empty() ? "" : " ", name(anomaly));
  }
  return result;
}

struct Case {
  const char* name;
  const char* bytes;
  const char* templates;
  const char* anomalies;
};

void check(std::span<const Case> cases, const Dialect& dialect, bool options) {
  for (const Case& c : cases) {
    const Read got = read(Wire::hex(c.bytes), dialect, options);
    EXPECT_EQ(got.templates, c.templates) << c.name;
    EXPECT_EQ(got.anomalies, c.anomalies) << c.name;
  }
}

TEST(TemplateReader, Ipfix) {
  const Case cases[] = {
      // RFC 7011 appendix A.2.1: five fields of four bytes.
      {"the RFC's example", "0100 0005  0008 0004  000c 0004  000f 0004  0002 0004  0001 0004",
       "256:8/4,12/4,15/4,2/4,1/4", ""},
      {"enterprise number", "0100 0002  0008 0004  8015 0002 0000173f", "256:8/4,5951.21/2", ""},
      {"variable length", "0100 0001  0052 ffff", "256:82/65535", ""},
      {"two templates", "0100 0001 0008 0004  0101 0001 000c 0004", "256:8/4 257:12/4", ""},
      {"padding", "0100 0001 0008 0004  0000", "256:8/4", ""},
      {"long padding", "0100 0001 0008 0004  00000000 00000000 0000", "256:8/4", "bad_padding"},
      {"padding that is not zero", "0100 0001 0008 0004  000001", "256:8/4", "bad_padding"},
      {"no bytes", "", "", ""},
      {"three bytes", "0100 00", "", "bad_padding"},
      {"ends in the field count", "0100", "", "bad_padding"},
      {"ends in a field", "0100 0002 0008 0004 000c", "", "truncated_template"},
      {"ends in an enterprise number", "0100 0001 8008 0004 0000", "", "truncated_template"},
      {"field count beyond the set", "0100 ffff 0008 0004", "", "truncated_template"},
      {"id below 256", "00ff 0001 0008 0004  0100 0001 0008 0004", "", "bad_template"},
      {"all fields empty", "0100 0002 0008 0000 000c 0000  0101 0001 0008 0004", "257:8/4", "bad_template"},
      {"one field empty", "0100 0002 0008 0004 000c 0000", "256:8/4,12/0", ""},
      {"too many fields",
       "0100 0009 0001 0001 0001 0001 0001 0001 0001 0001 0001 0001 0001 0001 0001 0001 0001 0001 0001 0001"
       " 0101 0001 0008 0004",
       "257:8/4", "template_limit"},
      {"withdrawal", "0100 0000", "-256", ""},
      {"withdrawal and definition", "0100 0000  0100 0001 0008 0004", "-256 256:8/4", ""},
      {"all templates", "0002 0000", "-all", ""},
      {"all of the other kind", "0003 0000", "", "bad_template"},
  };
  check(cases, kIpfix, false);
}

TEST(TemplateReader, IpfixOptions) {
  const Case cases[] = {
      // RFC 7011 appendix A.4.1: line card, and two counters.
      {"the RFC's example", "0102 0003 0001  008d 0004  0029 0002  002a 0002", "o258:s141/4,41/2,42/2", ""},
      {"scope of an enterprise", "0102 0002 0001  8001 0004 0000173f  0029 0002", "o258:s5951.1/4,41/2", ""},
      {"padding", "0102 0002 0001 008d 0004 0029 0002 0000", "o258:s141/4,41/2", ""},
      {"no scope", "0102 0001 0000  0029 0002", "", "bad_template"},
      {"more scope than fields", "0102 0001 0005  0029 0002", "", "bad_template"},
      {"lengths of NetFlow v9 in the place of counts", "0104 0004 0008  0001 0004  002a 0004  0029 0004  0000",
       "o260:s1/4,s42/4,s41/4", "bad_template"},
      {"ends in its header", "0102 0003", "", "bad_padding"},
      {"withdrawal", "0102 0000", "-258", ""},
      {"all options templates", "0003 0000", "-all", ""},
      {"scope count that wraps with the field count", "0102 fffc 0008 0001 0004", "", "truncated_template"},
  };
  check(cases, kIpfix, true);
}

TEST(TemplateReader, Netflow9) {
  const Case cases[] = {
      {"two fields", "0100 0002  0008 0004  000c 0004", "256:8/4,12/4", ""},
      {"vendor's numbers are not enterprise numbers", "0100 0001  9c41 0004", "256:40001/4", ""},
      {"no withdrawals", "0100 0000  0101 0001 0008 0004", "257:8/4", "bad_template"},
      {"zero-filled", "0100 0001 0008 0004  0000 0000", "256:8/4", "bad_padding"},
  };
  check(cases, kNetflow9, false);
}

TEST(TemplateReader, Netflow9Options) {
  const Case cases[] = {
      // RFC 3954 section 6.1: lengths in bytes; scope system, sampling interval and algorithm.
      {"the RFC's figure", "0100 0004 0008  0001 0004  0022 0004  0023 0001  0000", "o256:s1/4,34/4,35/1", ""},
      {"no scope", "0100 0000 0004  0022 0004", "o256:34/4", ""},
      {"length that is no multiple of a field", "0100 0003 0008  0001 0004 0022 0004", "", "bad_template"},
      {"lengths that wrap when added", "0100 fffc fffc  0001 0004", "", "truncated_template"},
      {"lengths beyond the set", "0100 0004 0400  0001 0004  0022 0004", "", "truncated_template"},
  };
  check(cases, kNetflow9, true);
}

TEST(Template, Lengths) {
  Template layout;
  layout.fields = {{0, 8, 4, false}, {0, 82, kVariableLength, false}, {0, 7, 2, false}};
  layout.measure();
  EXPECT_TRUE(layout.variable);
  EXPECT_EQ(layout.min_length, 7u);
}

TEST(Template, WholeRecords) {
  Template layout;
  layout.fields = {{0, 8, 4, false}, {0, 7, 2, false}};
  layout.measure();
  for (size_t bytes = 0; bytes < 70'000; ++bytes) ASSERT_EQ(layout.whole_records(bytes), bytes / 6) << bytes;
  EXPECT_EQ(layout.whole_records((size_t{1} << 32) + 2), ((size_t{1} << 32) + 2) / 6);
}

}  // namespace
}  // namespace weir::decode
