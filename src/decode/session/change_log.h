// Which sessions have changed since somebody asked, for those who keep the state: a file, other collectors.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <vector>

#include "base/time.h"
#include "decode/common/stream_id.h"
#include "decode/session/state.h"
#include "decode/template/template.h"

namespace weir::decode {

struct Session;

// Sessions of connections are not in it: they end with their connection.
class ChangeLog {
 public:
  // How often a session whose templates are in use is noted, though nothing else has changed; after a crash they are
  // older by at most this.
  static constexpr std::chrono::minutes kShowAgain{10};

  void note(Session& session);
  // Data wait for this template.
  void note_wanted(const SessionKey& session, TemplateId id);
  // The session is about to be forgotten.
  void forget(Session& session);

  // Changed ones as long as there is time for `more`; the rest the next time.
  using ShowSession = std::function<SessionStatePtr(Session&)>;
  SessionChanges take(Timestamp now, const std::function<bool()>& more, const ShowSession& show);

 private:
  std::vector<Session*> changed_;
  std::vector<SessionKey> forgotten_;
  std::vector<WantedTemplate> wanted_;
  uint64_t wanted_lost_ = 0;
};

}  // namespace weir::decode
