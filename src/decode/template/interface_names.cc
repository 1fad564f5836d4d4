#include "decode/template/interface_names.h"

namespace weir::decode {
namespace {

using flow::Column;

constexpr uint16_t kInterfaceName = 82;
constexpr uint16_t kInterfaceDescription = 83;

// The interface that the field is the number of, as the column of its name.
std::optional<Column> named_by(const FieldSpec& field) {
  if (field.enterprise != 0 || field.scope || field.length == 0) return std::nullopt;
  switch (field.element) {
    case 10:   // ingressInterface
    case 252:  // ingressPhysicalInterface
      return Column::in_if_name;
    case 14:   // egressInterface
    case 253:  // egressPhysicalInterface
      return Column::out_if_name;
    default:
      return std::nullopt;
  }
}

struct Found {
  uint16_t field;
  std::optional<Column> before;  // of the last interface before it
};

void add(std::vector<InterfaceName>& names, const Template& layout, uint16_t element) {
  std::vector<Found> found;
  std::optional<Column> last;
  std::optional<Column> first;
  bool both = false;
  for (uint16_t i = 0; i < layout.fields.size(); ++i) {
    const FieldSpec& field = layout.fields[i];
    if (const std::optional<Column> column = named_by(field)) {
      last = column;
      if (!first) first = column;
      both = both || *first != *column;
    } else if (field.enterprise == 0 && field.element == element && !field.scope && field.length != 0) {
      found.push_back({i, last});
    }
  }
  const bool description = element == kInterfaceDescription;
  if (found.size() == 2) {
    const bool swapped = found[0].before == Column::out_if_name && found[1].before == Column::in_if_name;
    names.push_back({found[0].field, swapped ? Column::out_if_name : Column::in_if_name, description});
    names.push_back({found[1].field, swapped ? Column::in_if_name : Column::out_if_name, description});
  } else if (found.size() == 1 && first) {
    // Of the only interface, or of the one before it if the other one comes after it.
    const bool between = found[0].before == first && last != first;
    if (!both || between) names.push_back({found[0].field, *first, description});
  }
}

}  // namespace

std::vector<InterfaceName> find_interface_names(const Template& layout) {
  std::vector<InterfaceName> names;
  add(names, layout, kInterfaceName);
  add(names, layout, kInterfaceDescription);
  return names;
}

}  // namespace weir::decode
