// Decodes one data set, or the records of one older NetFlow message, with its template: into rows, or record by record
// for inspection; options records into the session.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "decode/common/exporter_rates.h"
#include "decode/common/message.h"
#include "decode/common/output.h"
#include "decode/common/record_view.h"
#include "decode/session/sessions.h"
#include "decode/template/structured_data.h"
#include "flow/batch_builder.h"

namespace weir::decode {

struct SetView {
  ByteView body;
  bool clipped = false;    // the set claimed more bytes than there are
  size_t max_padding = 0;  // bytes at its end that need no remark
};

struct SetResult {
  size_t records = 0;
  bool complete = true;  // false: a record was damaged, so that the exporter counted more than we did
};

// The templates that lists in records of a set refer to.
class ListTemplates : public TemplateSource {
 public:
  explicit ListTemplates(Sessions& sessions) : sessions_(sessions) {}
  void use(Session& session, const MessageContext& message) {
    session_ = &session;
    message_ = &message;
  }
  NestedTemplate find(TemplateId id) override;

 private:
  // The labels of templates that lists have referred to, made once. There are few; a flood of them starts anew.
  static constexpr size_t kMostLabels = 256;
  struct Labels {
    TemplatePtr of;  // keeps the address from being another template's
    std::shared_ptr<const std::vector<std::string>> labels;
  };

  Sessions& sessions_;
  Session* session_ = nullptr;
  const MessageContext* message_ = nullptr;
  boost::unordered_flat_map<const CompiledTemplate*, Labels> labels_;
};

class SetDecoder {
 public:
  explicit SetDecoder(Sessions& sessions) : sessions_(sessions) {}

  void set_other(bool other) { other_ = other; }
  void set_limits(const Limits& limits) { limits_ = limits; }
  // The operator's.
  void set_rates(ExporterRates rates) { rates_ = std::move(rates); }

  SetResult decode(const CompiledTemplate& compiled, const SetView& set, const MessageContext& message,
                   Session& session, const Output& output);

 private:
  // The first `count` records.
  void decode_rows(const CompiledTemplate& compiled, ByteView records, size_t count, const MessageContext& message,
                   Session& session, flow::BatchBuilder& rows);
  size_t decode_variable(const CompiledTemplate& compiled, class RecordCutter& cutter, const MessageContext& message,
                         Session& session, flow::BatchBuilder& rows);
  size_t decode_options(const CompiledTemplate& compiled, RecordCutter& cutter, const MessageContext& message,
                        Session& session);
  size_t inspect(const CompiledTemplate& compiled, RecordCutter& cutter, const MessageContext& message,
                 Session& session, RecordSink& sink);
  RowContext row_context(flow::FlowBatch& batch, const CompiledTemplate& compiled, const MessageContext& message,
                         Session& session);
  void apply_options(const OptionsFields& options, std::span<const ByteView> fields, const StreamId& stream,
                     Session& session);
  void apply_rate(const OptionsFields& options, std::span<const ByteView> fields, uint32_t rate, const StreamId& stream,
                  Session& session);

  // Counts what is wrong with the lists of a record that is only shown.
  void check_lists(const CompiledTemplate& compiled, const MessageContext& message, Session& session);

  Sessions& sessions_;
  ListTemplates templates_{sessions_};
  Limits limits_;
  ExporterRates rates_;
  bool other_ = false;
  // Scratch, kept for its memory.
  std::vector<ByteView> fields_;
  std::vector<FieldView> views_;
  std::vector<const OptionsState*> known_options_;
  std::string text_;
};

}  // namespace weir::decode
