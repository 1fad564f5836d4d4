#include "store/concatenate.h"

#include <algorithm>

#include "store/merged_columns.h"
#include "store/parquet/file_writer.h"
#include "store/parquet_types.h"

namespace weir::store {
namespace {

struct Input {
  parquet::SourceFile file;
  parquet::FileLayout layout;
};

// Nothing if one of the files is not our writer's.
Result<std::optional<std::vector<Input>>> open_all(std::span<const Segment> segments) {
  std::vector<Input> inputs;
  for (const Segment& segment : segments) {
    auto file = TRY(parquet::SourceFile::open(segment.path));
    auto layout = TRY(file.layout());
    if (!layout) return std::nullopt;
    inputs.push_back({std::move(file), std::move(*layout)});
  }
  return inputs;
}

// By their rows, or by what has to be read to have a few of them: long texts.
bool groups_are_large(const std::vector<Input>& inputs, const LargeGroup& large) {
  uint64_t rows = 0;
  uint64_t bytes = 0;
  uint64_t groups = 0;
  for (const Input& input : inputs) {
    for (const parquet::RowGroup& group : input.layout.groups) {
      rows += group.rows;
      for (const parquet::ColumnChunk& chunk : group.columns) bytes += chunk.uncompressed_bytes;
    }
    groups += input.layout.groups.size();
  }
  return rows >= large.rows * groups || bytes >= large.bytes * groups;
}

// The columns of all files, each once; nothing if two files have one under different types.
std::optional<std::vector<duck::ColumnInfo>> present_columns(const std::vector<Input>& inputs) {
  std::vector<duck::ColumnInfo> present;
  for (const Input& input : inputs) {
    for (const auto& [name, type] : input.layout.columns) {
      const auto known = std::ranges::find(present, name, &duck::ColumnInfo::name);
      if (known == present.end())
        present.push_back({name, duck_type(type)});
      else if (known->type != duck_type(type))
        return std::nullopt;
    }
  }
  return present;
}

bool of_their_types(const flow::Schema& schema, std::span<const duck::ColumnInfo> present) {
  return std::ranges::all_of(present, [&](const duck::ColumnInfo& column) {
    const auto index = schema.find(column.name);
    return !index || duck_type(schema[*index].type) == column.type;
  });
}

std::vector<std::optional<size_t>> places_of(const MergedColumns& merged, const parquet::FileLayout& layout) {
  std::vector<std::optional<size_t>> places;
  for (const flow::ColumnIndex column : merged.columns) {
    const auto place =
        std::ranges::find(layout.columns, (*merged.schema)[column].name, &parquet::FileLayout::Column::name);
    places.push_back(place == layout.columns.end()
                         ? std::nullopt
                         : std::optional(static_cast<size_t>(place - layout.columns.begin())));
  }
  return places;
}

Result<> copy_all(const std::vector<Input>& inputs, const MergedColumns& merged, const flow::Marks& marks,
                  const std::filesystem::path& path) {
  parquet::EncodingContext context;
  parquet::FileWriter out(context);
  TRY(out.create(path, *merged.schema, merged.columns));
  out.set_marks(marks);
  for (const Input& input : inputs) {
    const std::vector<std::optional<size_t>> places = places_of(merged, input.layout);
    for (size_t group = 0; group < input.layout.groups.size(); ++group) {
      if (auto copied = out.copy(input.file, input.layout, group, places); !copied) return copied;
    }
  }
  TRY(out.finish());
  return {};
}

}  // namespace

std::expected<bool, MergeError> concatenate_files(const flow::Schema& schema, std::span<const Segment> segments,
                                                  const std::filesystem::path& path, const flow::Marks& marks,
                                                  const LargeGroup& large) {
  const auto inputs = open_all(segments);
  if (!inputs) return std::unexpected(MergeError{inputs.error().message});
  if (!*inputs || !groups_are_large(**inputs, large)) return false;
  const auto present = present_columns(**inputs);
  if (!present || !of_their_types(schema, *present)) return false;
  const auto merged = merged_columns(schema, *present);
  if (!merged || !merged->schema) return false;
  std::error_code ignored;
  std::filesystem::remove(path, ignored);
  if (const auto copied = copy_all(**inputs, *merged, marks, path); !copied) {
    std::filesystem::remove(path, ignored);
    return std::unexpected(MergeError{copied.error().message, true});
  }
  return true;
}

}  // namespace weir::store
