// Decodes one data set, or the records of one older NetFlow message, with its template: into rows, or record by record
// for inspection; options records into the session.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "decode/decoder.h"
#include "decode/message.h"
#include "decode/session.h"
#include "decode/structured_data.h"

namespace weir::decode {

// Where records go: rows, or, for inspection, the sink.
struct Output {
  flow::TableBuilders* rows = nullptr;
  RecordSink* sink = nullptr;
};

struct SetView {
  ByteView body;
  bool clipped = false;    // the set claimed more octets than there are
  size_t max_padding = 0;  // octets at its end that need no remark
};

struct SetResult {
  size_t records = 0;
  bool complete = true;  // false: a record was damaged, so that the exporter counted more than we did
};

// The templates that lists in records of a set refer to.
class SessionTemplates : public TemplateSource {
 public:
  explicit SessionTemplates(SessionTable& sessions) : sessions_(sessions) {}
  void use(Session& session, const MessageContext& message) {
    session_ = &session;
    message_ = &message;
  }
  NestedTemplate find(uint16_t id) const override;

 private:
  SessionTable& sessions_;
  Session* session_ = nullptr;
  const MessageContext* message_ = nullptr;
};

class SetDecoder {
 public:
  explicit SetDecoder(SessionTable& sessions) : sessions_(sessions) {}

  void set_other(bool other) { other_ = other; }
  void set_limits(const Limits& limits) { limits_ = limits; }

  SetResult decode(const CompiledTemplate& compiled, const SetView& set, const MessageContext& message,
                   Session& session, const Output& output);

 private:
  // The first `count` records.
  void decode_rows(const CompiledTemplate& compiled, ByteView records, size_t count, const MessageContext& message,
                   Session& session, flow::BatchBuilder& rows);
  size_t decode_variable(const CompiledTemplate& compiled, class RecordCutter& cutter, const MessageContext& message,
                         Session& session, flow::BatchBuilder& rows);
  size_t decode_options(const CompiledTemplate& compiled, RecordCutter& cutter, Session& session);
  size_t inspect(const CompiledTemplate& compiled, RecordCutter& cutter, const MessageContext& message,
                 Session& session, RecordSink& sink);
  RowContext row_context(flow::FlowBatch& batch, const CompiledTemplate& compiled, const MessageContext& message,
                         Session& session);
  void apply_options(const OptionsFields& options, std::span<const ByteView> fields, Session& session);
  void apply_rate(const OptionsFields& options, std::span<const ByteView> fields, uint32_t rate, Session& session);

  // Counts what is wrong with the lists of a record that is only shown.
  void check_lists(const CompiledTemplate& compiled, const MessageContext& message, Session& session);

  SessionTable& sessions_;
  SessionTemplates templates_{sessions_};
  Limits limits_;
  bool other_ = false;
  // Scratch, kept for its memory.
  std::vector<ByteView> fields_;
  std::vector<FieldView> views_;
  std::vector<const OptionsState*> known_options_;
  std::string text_;
};

}  // namespace weir::decode
