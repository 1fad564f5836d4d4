#include "filter/operands.h"

namespace weir::filter {

BatchColumn::BatchColumn(const flow::FlowBatch& batch, std::string_view name)
    : batch_(&batch), column_(flow::ColumnIndex(size_t{0})) {
  const auto column = name.empty() ? std::nullopt : batch.schema().find(name);
  if (!column) return;
  column_ = *column;
  type_ = batch.schema()[*column].type;
  data_ = batch.raw(*column);
}

uint64_t BatchColumn::number(size_t row) const {
  switch (type_) {
    case flow::ColumnType::u8:
      return values<uint8_t>()[row];
    case flow::ColumnType::u16:
      return values<uint16_t>()[row];
    case flow::ColumnType::u32:
      return values<uint32_t>()[row];
    default:
      return values<uint64_t>()[row];
  }
}

OperandReader::OperandReader(const flow::FlowBatch& batch, const Operand& operand)
    : of_(operand.of),
      column_(batch, operand.column),
      other_(batch, operand.other),
      start_(batch, "time_flow_start"),
      end_(batch, "time_flow_end"),
      packets_(batch, "packets"),
      bytes_(batch, "bytes") {}

const BatchColumn* OperandReader::holder(size_t row) const {
  const bool valid = column_.present() && column_.is_valid(row);
  switch (of_) {
    case Operand::Of::first:
      if (valid) return &column_;
      return other_.present() && other_.is_valid(row) ? &other_ : nullptr;
    case Operand::Of::where:
      return valid && other_.present() && other_.is_valid(row) ? &column_ : nullptr;
    default:
      return valid ? &column_ : nullptr;
  }
}

std::optional<Wide> OperandReader::duration(size_t row) const {
  if (!start_.present() || !end_.present() || !start_.is_valid(row) || !end_.is_valid(row)) return std::nullopt;
  const int64_t start = start_.values<int64_t>()[row];
  const int64_t end = end_.values<int64_t>()[row];
  if (end < start) return std::nullopt;
  return (static_cast<uint64_t>(end) - static_cast<uint64_t>(start)) / 1000;
}

std::optional<Wide> OperandReader::rate(const BatchColumn& counter, unsigned factor, std::optional<Wide> by,
                                        size_t row) const {
  if (!counter.present() || !counter.is_valid(row) || !by) return std::nullopt;
  return *by == 0 ? 0 : counter.number(row) * Wide{factor} / *by;
}

std::optional<Wide> OperandReader::number(size_t row) const {
  switch (of_) {
    case Operand::Of::duration:
      return duration(row);
    case Operand::Of::pps:
      return rate(packets_, 1000, duration(row), row);
    case Operand::Of::bps:
      return rate(bytes_, 8000, duration(row), row);
    case Operand::Of::bpp:
      if (!packets_.present() || !packets_.is_valid(row)) return std::nullopt;
      return rate(bytes_, 1, packets_.number(row), row);
    default:
      break;
  }
  const BatchColumn* column = holder(row);
  if (of_ == Operand::Of::or_one && column == nullptr) return 1;
  if (column == nullptr || !column->is_numeric()) return std::nullopt;
  const uint64_t value = column->number(row);
  if (of_ == Operand::Of::high_byte) return value >> 8 & 255;
  if (of_ == Operand::Of::low_byte) return value & 255;
  return value;
}

std::optional<IpAddress> OperandReader::address(size_t row) const {
  const BatchColumn* column = holder(row);
  const bool address = column != nullptr && column->type() == flow::ColumnType::address;
  return address ? std::optional(column->address(row)) : std::nullopt;
}

std::optional<std::string_view> OperandReader::text(size_t row) const {
  const BatchColumn* column = holder(row);
  const bool text = column != nullptr && column->type() == flow::ColumnType::text;
  return text ? std::optional(column->text(row)) : std::nullopt;
}

}  // namespace weir::filter
