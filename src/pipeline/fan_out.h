// FanOut: every sealed batch to every outlet, by pointer. Nobody waits for anybody.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "pipeline/outlet.h"

namespace weir::pipeline {

class FanOut {
 public:
  explicit FanOut(flow::Ledger& ledger) : ledger_(ledger) {}

  // Before start(). The first one is that of the store.
  void add(std::shared_ptr<sink::Sink> sink, OutletOptions options) {
    outlets_.push_back(std::make_unique<Outlet>(std::move(sink), ledger_, std::move(options)));
  }
  void start() {
    for (const auto& outlet : outlets_) outlet->start();
  }
  // Any thread.
  void offer(const flow::SealedBatch& batch) {
    for (const auto& outlet : outlets_) outlet->offer(batch);
  }
  // To the store only, with an account of its own.
  void offer_to_store(const flow::SealedBatch& batch, std::shared_ptr<flow::Account> account) {
    outlets_.front()->offer(batch, std::move(account));
  }
  // The same, but waits for room at the store: for what is decoded again, never for a receiver.
  void put(const flow::SealedBatch& batch) {
    outlets_.front()->put(batch);
    for (size_t i = 1; i < outlets_.size(); ++i) outlets_[i]->offer(batch);
  }
  // Outlet::pass() of all.
  void pass(const flow::SealedBatch& batch) {
    for (const auto& outlet : outlets_) outlet->pass(batch);
  }
  // Waits until every sink has stored or dropped what it was given. They end side by side.
  void finish() {
    for (const auto& outlet : outlets_) outlet->close();
    for (const auto& outlet : outlets_) outlet->finish();
  }
  std::vector<OutletReport> report() const {
    std::vector<OutletReport> reports;
    for (const auto& outlet : outlets_) reports.push_back(outlet->report());
    return reports;
  }

 private:
  flow::Ledger& ledger_;
  std::vector<std::unique_ptr<Outlet>> outlets_;
};

}  // namespace weir::pipeline
