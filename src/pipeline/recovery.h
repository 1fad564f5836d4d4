// What an earlier run received and did not store, as it was killed: decoded again from its journal, through the same
// passes and to the same outlets. What is stored already is decoded, too, as templates are in it and rows follow from one
// another, and only counts.
//
// It has a decoder of its own, so that sets go on waiting for their template when everything has been read: it may come to
// a receiving thread, from which it is heard of through the shared state. Other sinks than the store may get rows twice.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "decode/decoder.h"
#include "flow/batch_builder.h"
#include "journal/journal.h"
#include "pipeline/intake.h"
#include "pipeline/shared_state.h"

namespace weir::pipeline {

class Recovery {
 public:
  // options: number, state and batch_rows. keep: takes rows that are not stored yet, and may wait. known: those that are.
  Recovery(journal::Journal& journal, journal::Coverage coverage, decode::DecoderOptions decoder,
           const ReceiveLoopOptions& options, BatchOut keep, BatchOut known, flow::Ledger& ledger);

  // What was learned from the datagrams of a stream before these is in the state already, so that they are left out, but
  // for those of which sets waited for their template.
  void set_reached(std::map<uint64_t, uint64_t> reached) { reached_ = std::move(reached); }
  // Decodes everything. Before datagrams are received: they find what was learned from it.
  void run();
  // Now and then after that: decodes sets whose template has come. One thread at a time.
  void look();
  // The last call: what still waits is given up.
  void finish();

 private:
  void take(const journal::LeftoverReader::Next& next);
  bool is_needed(const journal::LeftStream& stream, uint64_t number) const;
  void note_held();
  void send_out();
  void tell_waiting();
  void take_wanted(decode::SessionChanges& changes);

  journal::Journal& journal_;
  const journal::Coverage coverage_;
  const ReceiveLoopOptions options_;
  const BatchOut keep_;
  const BatchOut known_;
  flow::Ledger& ledger_;
  decode::Decoder decoder_;
  std::vector<flow::FullBatch> full_;
  std::vector<flow::FullBatch> full_known_;
  flow::TableBuilders builders_;
  std::map<std::pair<size_t, uint64_t>, uint64_t>
      connections_;  // open ones: their numbers here, as those of runs are alike
  uint64_t last_connection_ = 0;
  std::map<uint64_t, uint64_t> reached_;
  std::vector<decode::SessionKey> wanted_;  // have sets that wait
  bool ended_ = false;
};

}  // namespace weir::pipeline
