// Filter tree -> which rows of a batch it holds for: for tags, alerts and live views, without a database. It means the
// same as the SQL of sql.h.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "filter/filter.h"
#include "flow/batch.h"

namespace weir::filter {

class Predicate {
 public:
  // Regular expressions are compiled and lists are sorted here, once.
  explicit Predicate(Filter filter);
  Predicate(Predicate&&) noexcept;
  Predicate& operator=(Predicate&&) noexcept;
  ~Predicate();

  // One byte a row: 1 where the filter holds, else 0. A column that the batch's schema does not have is null. From any
  // thread; of a batch that is sealed or that nobody else changes.
  void match(const flow::FlowBatch& batch, std::vector<uint8_t>& rows) const;

  const Filter& filter() const;

 private:
  struct Prepared;
  std::unique_ptr<const Prepared> prepared_;
};

}  // namespace weir::filter
