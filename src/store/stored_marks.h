// What the segments of a store say of a journal: the datagrams whose rows they have (flow/marks.h).
#pragma once

#include <filesystem>
#include <functional>
#include <optional>

#include "base/result.h"
#include "base/time.h"
#include "flow/marks.h"
#include "flow/table.h"

namespace weir::store {

// Takes out of marks what the journal has not any more.
using ForgetMarks = std::function<void(flow::Marks&)>;

// Of one file; nothing if it says nothing, or cannot be read.
std::optional<flow::Marks> read_marks(const std::filesystem::path& segment);

// Of all segments with rows received in the hours of [from, to], merged ones and those that they cover. Only what is
// whole, and has its name, counts. Fails if a folder or a file cannot be read: what is in it would be stored twice.
Result<flow::PerTable<flow::Marks>> stored_marks(const std::filesystem::path& store, Timestamp from, Timestamp to);

}  // namespace weir::store
