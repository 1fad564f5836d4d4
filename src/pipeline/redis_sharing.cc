#include "pipeline/redis_sharing.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <set>
#include <utility>

#include "base/log.h"
#include "pipeline/thread_name.h"

namespace weir::pipeline {
namespace {

using decode::SessionKey;
using decode::SessionState;
using decode::SessionStatePtr;
using decode::TemplateId;
using decode::TemplateState;
using decode::WantedTemplate;
using std::chrono::milliseconds;

constexpr std::string_view kEvents = "weir:1:events";
constexpr milliseconds kTimeout{2000};
constexpr milliseconds kEndTime{500};  // for what is to be published at the end, all of it
constexpr milliseconds kPoll{200};     // how often events of others are looked for
constexpr milliseconds kFirstBackOff{500};
constexpr milliseconds kLongestBackOff{30'000};
constexpr milliseconds kAskAgain{5000};  // an answer may come without its event
// A template of all ports has some kilobytes, all names of a large router some hundred. More is not read.
constexpr size_t kMostValue = size_t{1} << 20;
constexpr size_t kCommandsAtOnce = 64;
constexpr size_t kSessionsAtOnce = 64;
constexpr size_t kEventsAtOnce = 16;  // of kMostValue each they fit into an answer
constexpr std::string_view kEventsKept = "16384";
constexpr size_t kMostAsked = 65536;

std::string protocol(flow::FlowType type) { return type == flow::FlowType::ipfix ? "ipfix" : "v9"; }

std::string template_key(const SessionKey& session, TemplateId id) {
  return fmt::format("weir:1:t:{}:{}:{}:{}", session.exporter.to_string(), session.domain, protocol(session.type),
                     std::to_underlying(id));
}
std::string options_key(const IpAddress& exporter) { return fmt::format("weir:1:o:{}", exporter.to_string()); }

SessionKey key_of(const std::tuple<IpAddress, uint32_t, uint8_t, TemplateId>& key) {
  return {std::get<0>(key), std::get<1>(key), static_cast<flow::FlowType>(std::get<2>(key)), 0};
}

std::string random_name() {
  std::random_device device;
  return fmt::format("{:08x}{:08x}", device(), device());
}

std::string encode(std::span<const SessionStatePtr> sessions) {
  const std::vector<uint8_t> bytes = decode::encode_state(sessions, wall_clock_now());
  return {bytes.begin(), bytes.end()};
}

// The templates of a session, one state for each id. Uptimes stay at home: they are of one collector's datagrams.
std::vector<SessionStatePtr> by_template(const SessionState& state) {
  std::vector<SessionStatePtr> parts;
  for (auto first = state.templates.begin(); first != state.templates.end();) {
    const auto last = std::find_if(first, state.templates.end(),
                                   [&](const TemplateState& known) { return known.layout->id != first->layout->id; });
    SessionState part;
    part.key = state.key;
    part.templates.assign(first, last);
    parts.push_back(std::make_shared<const SessionState>(std::move(part)));
    first = last;
  }
  return parts;
}

bool same_layouts(const SessionState& a, const SessionState& b) {
  return std::ranges::equal(a.templates, b.templates, [](const TemplateState& x, const TemplateState& y) {
    return x.origin == y.origin && x.layout->same_layout(*y.layout);
  });
}

bool is_of(const SessionState& state, const SessionKey& key, TemplateId id) {
  return state.key == key && state.options.empty() && !state.templates.empty() &&
         std::ranges::all_of(state.templates, [&](const TemplateState& known) { return known.layout->id == id; });
}

// The name that the server's certificate has to have.
std::string name_in_certificate(std::string configured, const RedisUrl& url) {
  return configured.empty() ? url.host : configured;
}

}  // namespace

RedisSharing::RedisSharing(RedisUrl url, net::TlsClientOptions tls, std::string server_name, decode::Limits limits,
                           SharedState& state)
    : url_(std::move(url)),
      tls_(std::move(tls)),
      server_name_(name_in_certificate(std::move(server_name), url_)),
      limits_(limits),
      self_(random_name()),
      state_(state),
      thread_([this] {
        name_this_thread("redis");
        run();
      }) {}

void RedisSharing::stop() {
  if (!thread_.joinable()) return;
  stopping_ = true;
  patience_.end_within(kEndTime);
  state_.wake();
  thread_.join();
}

SharingCounters RedisSharing::counters() const {
  const std::lock_guard lock(mutex_);
  return counters_;
}

void RedisSharing::run() {
  while (true) {
    const bool last = stopping_;
    take_work(state_.wait_for_work(last ? milliseconds{0} : kPoll));
    if (!connection_ && !last && Clock::now() >= next_try_) {
      if (const Result<> connected = connect(); !connected) lose_connection(connected.error());
    }
    if (connection_) {
      if (const Result<> done = round(); !done) lose_connection(done.error());
    }
    if (last && (!connection_ || to_sync_.empty() || patience_.ended())) return;
  }
}

void RedisSharing::take_work(SharedState::Work work) {
  for (const SessionKey& key : work.changed) to_sync_[{key.exporter, key.domain, static_cast<uint8_t>(key.type)}] = key;
  const auto as_key = [](const WantedTemplate& wanted) {
    const SessionKey& session = wanted.session;
    return TemplateKey{session.exporter, session.domain, static_cast<uint8_t>(session.type), wanted.id};
  };
  for (const WantedTemplate& gone : work.withdrawn) withdrawn_[as_key(gone)] = gone;
  uint64_t lost = work.wanted_lost;
  for (const WantedTemplate& wanted : work.wanted) {
    if (asked_.size() < kMostAsked) {
      asked_[as_key(wanted)] = {Clock::now() + limits_.early_age, Clock::now()};
    } else {
      ++lost;
    }
  }
  const std::lock_guard lock(mutex_);
  counters_.requests_lost += lost;
}

// From then on events of others are seen. What happened before is found by comparing all that we know.
Result<> RedisSharing::connect() {
  next_try_ = Clock::now() + back_off_;
  std::optional<RedisTls> tls;
  if (url_.tls) {
    auto context = net::TlsContext::client(tls_);
    if (!context) return fail("cannot connect to {}: {}", url_.to_string(), context.error().message);
    tls.emplace(*std::move(context), server_name_);
  }
  connection_ = TRY(RedisConnection::open(url_, kTimeout, patience_, tls));
  const auto hello = TRY(connection_->run({"XADD", kEvents, "MAXLEN", "~", kEventsKept, "*", "from", self_}));
  if (const auto error = hello.error()) {
    if (!error->starts_with("WRONGTYPE")) return fail("{} refuses: {}", url_.to_string(), *error);
    count_error(fmt::format("{} is not a stream and is deleted", kEvents));
    TRY(connection_->run({"DEL", kEvents}));
  }
  last_event_ = hello.error() ? "0-0" : std::string(hello.text());
  for (const SessionStatePtr& known : state_.all()) {
    const SessionKey& key = known->key;
    to_sync_[{key.exporter, key.domain, static_cast<uint8_t>(key.type)}] = key;
  }
  for (auto& [key, asked] : asked_) asked.next = Clock::now();
  tell(log::Level::info, fmt::format("sharing templates through {}", url_.to_string()));
  back_off_ = milliseconds{0};
  told_lost_ = false;
  const std::lock_guard lock(mutex_);
  counters_.connected = true;
  counters_.last_error.clear();
  return {};
}

void RedisSharing::lose_connection(const Error& error) {
  connection_.reset();
  back_off_ = std::clamp(back_off_ * 2, kFirstBackOff, kLongestBackOff);
  next_try_ = Clock::now() + back_off_;
  // Once, not with every try; at the end nobody needs to know.
  if (!told_lost_ && !stopping_) {
    told_lost_ =
        tell(log::Level::warn, fmt::format("{}; this collector works on alone, and tries again", error.message));
  }
  const std::lock_guard lock(mutex_);
  counters_.connected = false;
  counters_.last_error = error.message;
  ++counters_.errors;
}

void RedisSharing::count_error(const std::string& what) {
  tell(log::Level::warn, fmt::format("{}: {}", url_.to_string(), what));
  const std::lock_guard lock(mutex_);
  ++counters_.errors;
}

// False if the log has heard enough of this server.
bool RedisSharing::tell(log::Level level, const std::string& line) {
  const auto more = log_.allows(line, MessageLimit::Clock::now());
  if (more) log::log(level, "{}{}", line, more_like_this(*more));
  return more.has_value();
}

// Withdrawals first: what is asked for must not be what has just been withdrawn.
Result<> RedisSharing::round() {
  if (const Result<> done = withdraw(); !done) return done;
  if (const Result<> done = sync(kSessionsAtOnce); !done) return done;
  if (const Result<> done = ask(); !done) return done;
  return read_events();
}

std::vector<SessionStatePtr> RedisSharing::parse(const RedisConnection::Reply& reply) {
  if (const auto error = reply.error()) {
    count_error(*error);
    return {};
  }
  const ByteView bytes = reply.bytes();
  if (bytes.empty()) return {};
  if (bytes.size() > kMostValue) {
    count_error("a value that is too long");
    return {};
  }
  auto state = decode::decode_state(bytes, limits_);
  if (!state) {
    count_error(fmt::format("a value that is no state: {}", state.error().text));
    return {};
  }
  return std::move(state->sessions);
}

void RedisSharing::deliver(const SessionStatePtr& state) {
  const bool taken = state_.deliver(state);
  const std::lock_guard lock(mutex_);
  ++counters_.fetched;
  if (!taken) ++counters_.errors;
}

// Compares what we know of some sessions with what is there, in both directions.
Result<> RedisSharing::sync(size_t most_sessions) {
  std::vector<SessionStatePtr> parts;
  std::vector<IpAddress> exporters;
  std::vector<DomainKey> done;
  for (const auto& [domain, key] : to_sync_) {
    if (done.size() >= most_sessions) break;
    done.push_back(domain);
    const SessionStatePtr known = state_.find(key);
    if (!known) continue;
    for (SessionStatePtr& part : by_template(*known)) parts.push_back(std::move(part));
    if (!known->options.empty() && (exporters.empty() || exporters.back() != key.exporter))
      exporters.push_back(key.exporter);
  }
  // Options first, as in ask().
  if (const Result<> synced = sync_options(exporters); !synced) return synced;
  if (const Result<> synced = sync_templates(parts); !synced) return synced;
  for (const DomainKey& domain : done) to_sync_.erase(domain);
  if (!to_sync_.empty()) state_.wake();
  return {};
}

Result<> RedisSharing::sync_templates(const std::vector<SessionStatePtr>& parts) {
  const std::string last = std::to_string(kMostValue);
  for (std::span<const SessionStatePtr> rest = parts; !rest.empty();) {
    const auto batch = rest.first(std::min(rest.size(), kCommandsAtOnce));
    rest = rest.subspan(batch.size());
    for (const SessionStatePtr& mine : batch) {
      connection_->add({"GETRANGE", template_key(mine->key, mine->templates[0].layout->id), "0", last});
    }
    std::vector<SessionStatePtr> theirs(batch.size());
    for (size_t i = 0; i < batch.size(); ++i) {
      const auto reply = TRY(connection_->read());
      for (const SessionStatePtr& state : parse(reply)) {
        if (is_of(*state, batch[i]->key, batch[i]->templates[0].layout->id)) theirs[i] = state;
      }
    }
    for (size_t i = 0; i < batch.size(); ++i) {
      const SessionStatePtr& mine = batch[i];
      auto both = std::make_shared<SessionState>(theirs[i] ? *theirs[i] : SessionState{mine->key, false, {}, {}, {}});
      const std::string key = template_key(mine->key, mine->templates[0].layout->id);
      SessionState ours = *mine;
      if (theirs[i] && merge_state(ours, *theirs[i]) && !same_layouts(ours, *mine)) deliver(theirs[i]);
      if (merge_state(*both, *mine)) {
        const bool news = !theirs[i] || !same_layouts(*both, *theirs[i]);
        TRY(write(key, both, news));
      } else {
        TRY(connection_->run({"EXPIRE", key, std::to_string(limits_.template_lifetime.count())}));
      }
    }
  }
  return {};
}

Result<> RedisSharing::sync_options(const std::vector<IpAddress>& exporters) {
  const std::string last = std::to_string(kMostValue);
  for (const IpAddress& exporter : exporters) {
    const std::string key = options_key(exporter);
    const auto reply = TRY(connection_->run({"GETRANGE", key, "0", last}));
    std::map<DomainKey, SessionState> domains;
    const auto domain_of = [](const SessionKey& k) { return DomainKey{k.exporter, k.domain, uint8_t(k.type)}; };
    for (const SessionStatePtr& theirs : parse(reply)) {
      if (theirs->key.exporter != exporter || theirs->options.empty() || !theirs->templates.empty()) continue;
      domains.try_emplace(domain_of(theirs->key), *theirs);
    }
    bool news = false;
    for (const SessionStatePtr& known : state_.sessions_of(exporter)) {
      if (known->options.empty()) continue;
      SessionState mine{known->key, known->sent_data, {}, {}, known->options};
      const auto [theirs, added] = domains.try_emplace(domain_of(mine.key), mine);
      if (added) {
        news = true;
        continue;
      }
      if (SessionState ours = mine; merge_state(ours, theirs->second)) {
        deliver(std::make_shared<const SessionState>(theirs->second));
      }
      news |= merge_state(theirs->second, mine);
    }
    if (!news) continue;
    std::vector<SessionStatePtr> all;
    for (auto& [domain, state] : domains) all.push_back(std::make_shared<const SessionState>(std::move(state)));
    std::string value = encode(all);
    if (value.size() > kMostValue) {
      count_error(fmt::format("what options of {} told is too long to be shared", exporter.to_string()));
      continue;
    }
    connection_->add({"SET", key, value, "EX", std::to_string(limits_.template_lifetime.count())});
    connection_->add({"XADD", kEvents, "MAXLEN", "~", kEventsKept, "*", "from", self_, "state", value});
    for (int i = 0; i < 2; ++i) {
      const auto written = TRY(connection_->read());
      if (const auto error = written.error()) count_error(*error);
    }
    const std::lock_guard lock(mutex_);
    ++counters_.published;
  }
  return {};
}

// tell: others have to hear of it now.
Result<> RedisSharing::write(const std::string& key, const SessionStatePtr& value, bool tell) {
  const std::string bytes = encode(std::span(&value, 1));
  const std::string lifetime = std::to_string(limits_.template_lifetime.count());
  connection_->add({"SET", key, bytes, "EX", lifetime});
  if (tell) {
    connection_->add({"XADD", kEvents, "MAXLEN", "~", kEventsKept, "*", "from", self_, "state", bytes});
    connection_->add({"EXPIRE", kEvents, lifetime});
  }
  for (int i = 0; i < (tell ? 3 : 1); ++i) {
    const auto reply = TRY(connection_->read());
    if (const auto error = reply.error()) count_error(*error);
  }
  const std::lock_guard lock(mutex_);
  ++counters_.published;
  return {};
}

Result<> RedisSharing::withdraw() {
  while (!withdrawn_.empty()) {
    const auto& [key, gone] = *withdrawn_.begin();
    TRY(connection_->run({"DEL", template_key(gone.session, gone.id)}));
    withdrawn_.erase(withdrawn_.begin());
  }
  return {};
}

// What data wait for, and what the exporter's options told, for their sampling rates.
Result<> RedisSharing::ask() {
  const Clock::time_point now = Clock::now();
  std::erase_if(asked_, [&](const auto& entry) { return entry.second.until < now; });
  std::vector<TemplateKey> due;
  std::set<IpAddress> exporters;
  for (auto& [key, asked] : asked_) {
    if (asked.next > now || due.size() >= kCommandsAtOnce) continue;
    due.push_back(key);
    exporters.insert(std::get<0>(key));
  }
  if (due.empty()) return {};
  const std::string last = std::to_string(kMostValue);
  // Options first: data are decoded as soon as the template is there.
  for (const IpAddress& exporter : exporters) connection_->add({"GETRANGE", options_key(exporter), "0", last});
  for (const TemplateKey& key : due) {
    connection_->add({"GETRANGE", template_key(key_of(key), std::get<3>(key)), "0", last});
  }
  for (const IpAddress& exporter : exporters) {
    const auto reply = TRY(connection_->read());
    for (const SessionStatePtr& state : parse(reply)) {
      if (state->key.exporter == exporter && state->templates.empty()) deliver(state);
    }
  }
  for (const TemplateKey& key : due) {
    const auto reply = TRY(connection_->read());
    asked_[key].next = now + kAskAgain;
    for (const SessionStatePtr& state : parse(reply)) {
      if (!is_of(*state, key_of(key), std::get<3>(key))) continue;
      deliver(state);
      asked_.erase(key);
    }
  }
  const std::lock_guard lock(mutex_);
  counters_.requests += due.size();
  return {};
}

Result<> RedisSharing::read_events() {
  const auto reply =
      TRY(connection_->run({"XREAD", "COUNT", std::to_string(kEventsAtOnce), "STREAMS", kEvents, last_event_}));
  if (const auto error = reply.error()) {
    count_error(*error);
    return {};
  }
  // [[stream, [[id, [name, value, ...]], ...]]]
  if (reply.size() != 1 || reply.at(0).size() != 2) return {};
  const RedisConnection::Reply events = reply.at(0).at(1);
  for (size_t i = 0; i < events.size(); ++i) {
    const RedisConnection::Reply event = events.at(i);
    if (event.size() != 2 || event.at(0).text().empty()) return fail("{}: an event that is none", url_.to_string());
    last_event_ = event.at(0).text();
    const RedisConnection::Reply fields = event.at(1);
    const bool ours = fields.size() >= 2 && fields.at(0).text() == "from" && fields.at(1).text() == self_;
    if (ours || fields.size() < 4 || fields.at(2).text() != "state") continue;
    for (const SessionStatePtr& state : parse(fields.at(3))) deliver(state);
  }
  if (events.size() == kEventsAtOnce) state_.wake();
  return {};
}

}  // namespace weir::pipeline
