// The accounts of a store for people and for programs: now, since the start, and in all.
#pragma once

#include <string>

#include "app/weir/table_shape.h"
#include "pipeline/ledger_file.h"
#include "query/result.h"

namespace weir::app {

// Whose account it is, and how old; a line or two.
std::string heading(const pipeline::StoreAccount& account, const std::string& store);
// What keeps it from being that of the present. Lines; empty: nothing does.
std::string warnings(const pipeline::StoreAccount& account);

// A row for each exporter of the run, or with `in_all` of all runs.
Result<> print_exporters(query::RowSink& sink, const pipeline::StoreAccount& account, Shape shape, bool total,
                         bool in_all);
// All exporters together: in the last interval, since the start, in all.
Result<> print_sums(query::RowSink& sink, const pipeline::StoreAccount& account, Shape shape);
// A row for each run, the oldest first; those that are summed up are one.
Result<> print_runs(query::RowSink& sink, const pipeline::StoreAccount& account, Shape shape);

}  // namespace weir::app
