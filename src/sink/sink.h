// Sink: a place where rows are kept or sent on. The store is one; each other has a folder of its own here.
//
//   FanOut -> Outlet (queue, thread, account) -> Sink
//
// An outlet (pipeline/outlet.h) calls its sink from one thread, so a sink may wait, retry and take its time: receiving
// and the other outlets go on. To add a sink, implement this interface in src/sink/NAME/ and add it to
// CollectorOptions::sinks in settings() (src/app/weir/settings.cc).
#pragma once

#include <optional>
#include <string_view>

#include "base/time.h"
#include "flow/batch.h"
#include "flow/ledger.h"

namespace weir::sink {

class Sink {
 public:
  virtual ~Sink() = default;

  // As in the configuration, in the ledger and in metrics: "store", "clickhouse". One word.
  virtual std::string_view name() const = 0;

  // Takes a batch over, of any table (batch->schema().table()). The receipt is answered once its rows are safe or given
  // up, in this call or later. Failures are the sink's business: it keeps what it can within limits, retries with
  // back-off, and drops the rest. If it throws all the same, the rows of the receipts it lets go of count as dropped.
  virtual void add(flow::SealedBatch batch, flow::Receipt receipt) = 0;

  // Sends or writes what is due at `now`. Called after each add(), at due(), and every 100 ms when nothing comes.
  virtual void flush(Timestamp now) = 0;

  // When flush() will have something to do, if nothing is added until then; nothing: when it is called.
  virtual std::optional<Timestamp> due() const { return std::nullopt; }

  // The last call: tries once more, and answers every receipt that is left.
  virtual void close(Timestamp now) = 0;
};

}  // namespace weir::sink
