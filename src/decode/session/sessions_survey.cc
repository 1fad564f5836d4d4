// What the sessions know of streams, for StreamSurvey.
#include <algorithm>
#include <map>

#include "decode/session/ordered_sequence.h"
#include "decode/session/sessions.h"
#include "decode/session/stream_survey.h"

namespace weir::decode {
namespace {

// Several that send from one port.
bool shares_port(const Streams& streams, const Stream& stream) {
  return std::ranges::count_if(streams.all(), [&](const auto& other) {
           return other->port == stream.port && !other->superseded && !other->restored;
         }) > 1;
}

}  // namespace

// Of the session that was asked for last: its streams are asked for one after the other.
class Sessions::TemplateCounts {
 public:
  explicit TemplateCounts(ExporterTable& table) : table_(table) {}
  uint64_t of(const SessionKey& key, StreamNumber stream) {
    if (key != key_) {
      key_ = key;
      counts_.clear();
      const Session* const session = table_.find_session(key);
      if (session == nullptr) return 0;
      for (const auto& [id, entries] : session->templates.by_id) {
        for (const TemplateEntry& entry : entries) ++counts_[entry.stream];
      }
    }
    const auto found = counts_.find(stream);
    return found == counts_.end() ? 0 : found->second;
  }

 private:
  ExporterTable& table_;
  SessionKey key_;
  std::map<StreamNumber, uint64_t> counts_;
};

void Sessions::survey_shared(Exporter& exporter, TemplateCounts& templates, StreamSurvey& survey) {
  Sharing::each_stream(exporter, [&](const SharedExporter::StreamPlace& place) {
    const SessionKey key{.exporter = exporter.address, .domain = place.domain, .type = place.type};
    const Stream& stream = place.stream;
    add_to(survey, place.streams, stream, report_of(key, stream, place.sequence), templates, exporter);
  });
}

void Sessions::add_to(StreamSurvey& survey, const Streams& streams, const Stream& stream, StreamReport report,
                      TemplateCounts& templates, Exporter& exporter) {
  if (stream.restored || stream.messages == 0) return;
  if (survey.has_room()) {
    report.shared = shares_port(streams, stream);
    report.templates = templates.of(report.session, stream.number);
  }
  survey.add(std::move(report), exporter.counters);
}

void Sessions::survey(StreamSurvey& survey) {
  TemplateCounts templates(table_);
  for (Exporter& exporter : table_.exporters()) {
    exporter.counters.streams = {};
    if (exporter.shared) survey_shared(exporter, templates, survey);
  }
  for (Session& session : table_.sessions()) {
    if (session.exporter->shared && session.key.connection == 0) continue;
    for (const auto& stream : session.streams.all()) {
      add_to(survey, session.streams, *stream, report_of(session.key, *stream, stream->sequence), templates,
             *session.exporter);
    }
  }
}

}  // namespace weir::decode
