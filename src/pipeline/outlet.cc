#include "pipeline/outlet.h"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <utility>

#include "base/bounded_queue.h"
#include "base/log.h"
#include "pipeline/thread_name.h"

namespace weir::pipeline {
namespace {

constexpr std::chrono::milliseconds kFlushEvery{100};
constexpr std::chrono::seconds kLogEvery{10};

struct Consignment {
  flow::SealedBatch batch;
  flow::Receipt receipt;
};

struct MemoryOf {
  uint64_t operator()(const Consignment& consignment) const { return consignment.batch->memory_bytes(); }
};

}  // namespace

std::chrono::milliseconds wait_for_batch(std::optional<Timestamp> due, Timestamp now) {
  if (!due || *due - now >= kFlushEvery) return kFlushEvery;
  return std::max(std::chrono::ceil<std::chrono::milliseconds>(*due - now), std::chrono::milliseconds{0});
}

struct Outlet::State {
  State(std::shared_ptr<sink::Sink> to, flow::Ledger& ledger, const OutletOptions& options)
      : sink(std::move(to)),
        account(ledger.outlet(sink->name())),
        queue(options.queue_batches, options.queue_bytes),
        before_close(options.before_close) {}

  void run();
  std::chrono::milliseconds wait();
  template <class Work>
  void guard(const Work& work);
  void note_failure(const char* what);

  const std::shared_ptr<sink::Sink> sink;
  const std::shared_ptr<flow::Account> account;
  BoundedQueue<Consignment, MemoryOf> queue;
  const std::function<void()> before_close;

  // Of the thread.
  std::chrono::steady_clock::time_point next_log{};
  uint64_t failures = 0;  // since the last line of the log

  std::mutex mutex;
  std::condition_variable changed;
  bool ended = false;  // guarded by mutex
};

// Exceptions of a sink, or of a library below it, stop here.
template <class Work>
void Outlet::State::guard(const Work& work) {
  try {
    work();
  } catch (const std::exception& e) {
    note_failure(e.what());
  } catch (...) {
    note_failure("an exception without a message");
  }
}

void Outlet::State::note_failure(const char* what) {
  ++failures;
  const auto now = std::chrono::steady_clock::now();
  if (now < next_log) return;
  log::error("{}: {} ({} failures since the last such line); what it had in hand is dropped, and counted", sink->name(),
             what, failures);
  failures = 0;
  next_log = now + kLogEvery;
}

std::chrono::milliseconds Outlet::State::wait() {
  std::optional<Timestamp> due;
  guard([&] { due = sink->due(); });
  return wait_for_batch(due, wall_clock_now());
}

void Outlet::State::run() {
  while (!queue.finished()) {
    if (auto next = queue.pop(wait())) {
      guard([&] { sink->add(std::move(next->batch), std::move(next->receipt)); });
    }
    guard([&] { sink->flush(wall_clock_now()); });
  }
  if (before_close) guard(before_close);
  guard([&] { sink->close(wall_clock_now()); });
}

Outlet::Outlet(std::shared_ptr<sink::Sink> sink, flow::Ledger& ledger, OutletOptions options)
    : options_(std::move(options)), state_(std::make_shared<State>(std::move(sink), ledger, options_)) {}

Outlet::~Outlet() { finish(); }

void Outlet::start() {
  thread_ = std::thread([state = state_] {
    name_this_thread(std::string(state->sink->name()).c_str());
    state->run();
    const std::lock_guard lock(state->mutex);
    state->ended = true;
    state->changed.notify_all();
  });
}

std::shared_ptr<flow::Account> Outlet::account() const { return state_->account; }

void Outlet::offer(const flow::SealedBatch& batch, std::shared_ptr<flow::Account> account) {
  Consignment next{batch, {std::move(account), *batch}};
  if (!state_->queue.try_push(next)) next.receipt.dropped(flow::DropReason::queue_full);
}

void Outlet::put(const flow::SealedBatch& batch) {
  Consignment next{batch, {state_->account, *batch}};
  if (!state_->queue.push(next)) next.receipt.dropped(flow::DropReason::shutdown);
}

void Outlet::pass(const flow::SealedBatch& batch) { flow::Receipt(state_->account, *batch).stored(); }

void Outlet::close() { state_->queue.close(); }

void Outlet::finish() {
  close();
  if (!thread_.joinable()) {
    state_->account->abandon(flow::DropReason::shutdown);
    return;
  }
  std::unique_lock lock(state_->mutex);
  const auto ended = [&] { return state_->ended; };
  if (!options_.finish_limit) {
    state_->changed.wait(lock, ended);
  } else if (!state_->changed.wait_for(lock, *options_.finish_limit, ended)) {
    log::error("{} did not end within {} s and is left behind; what it still had counts as dropped",
               state_->sink->name(),
               std::chrono::duration_cast<std::chrono::duration<double>>(*options_.finish_limit).count());
    state_->account->abandon(flow::DropReason::shutdown);
    thread_.detach();
    return;
  }
  lock.unlock();
  thread_.join();
}

OutletReport Outlet::report() const {
  return {.name = std::string(state_->sink->name()),
          .queue_batches = state_->queue.size(),
          .queue_bytes = state_->queue.weight(),
          .queue_batches_limit = options_.queue_batches,
          .queue_bytes_limit = options_.queue_bytes};
}

}  // namespace weir::pipeline
