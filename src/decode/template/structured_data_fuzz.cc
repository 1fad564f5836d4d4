// Lists from an attacker: one byte of switches, a template set behind its length in two bytes, then the bytes of a
// list, which is opened with those templates as each of the three kinds, and by every conversion that makes text.
#include "decode/template/structured_data.h"

#include <algorithm>
#include <boost/json.hpp>
#include <map>

#include "base/big_endian.h"
#include "base/check.h"
#include "decode/template/convert.h"

namespace weir::decode {
namespace {

class Templates : public TemplateSource {
 public:
  explicit Templates(ByteView set) {
    TemplateReader reader(set, kIpfix, false, 64, anomalies_);
    while (std::optional<TemplateRecord> record = reader.next()) {
      if (record->kind == TemplateRecordKind::definition) known_[record->layout.id] = std::move(record->layout);
    }
  }
  NestedTemplate find(TemplateId id) override {
    const auto found = known_.find(id);
    return found == known_.end()
               ? NestedTemplate{}
               : NestedTemplate{&found->second,
                                std::make_shared<const std::vector<std::string>>(field_labels(found->second))};
  }

 private:
  flow::AnomalyCounts anomalies_;
  std::map<TemplateId, Template> known_;
};

void show(flow::AbstractType type, ByteView bytes, Templates& templates, const Limits& limits) {
  std::string json;
  ValueWriter writer(&templates, timestamp_from_us(1'700'000'000'000'000), limits);
  const ListTrouble trouble = writer.append(json, type, bytes);
  boost::system::error_code error;
  boost::json::parse(json, error, {}, {.max_depth = 64});
  CHECK(!error);
  // The same again is the same: nothing is left over from the first time.
  std::string again;
  const ListTrouble same = writer.append(again, type, bytes);
  CHECK(again == json && same.bad == trouble.bad && same.limit == trouble.limit);
}

}  // namespace
}  // namespace weir::decode

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace weir;
  using namespace weir::decode;
  ByteReader in({data, size});
  const auto switches = in.read<BigEndian<uint8_t>>();
  const auto length = in.read<Be16>();
  if (!length) return 0;
  Templates templates(*in.take(std::min<size_t>(*length, in.remaining())));
  Limits limits;
  if ((*switches & 1) != 0) limits.list_depth = 2;
  if ((*switches & 2) != 0) limits.list_values = 5;
  using Type = flow::AbstractType;
  for (const Type type : {Type::basicList, Type::subTemplateList, Type::subTemplateMultiList}) {
    show(type, in.rest(), templates, limits);
  }
  for (int conversion = 0; conversion <= static_cast<int>(flow::Conversion::yaf_application); ++conversion) {
    std::string text;
    convert_text(static_cast<flow::Conversion>(conversion), in.rest(), text);
  }
  return 0;
}
