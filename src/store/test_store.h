// A store with real files, in a folder of its own.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>

#include "store/random_batch.h"
#include "store/store.h"
#include "store/test_deliver.h"
#include "store/test_folder.h"

namespace weir::store {

struct RealStoreTest : testing::Test {
  TestFolder folder;
  flow::Ledger ledger;
  Random random;
  StoreOptions options;
  std::optional<Store> store;

  explicit RealStoreTest(uint64_t seed) : random(seed) {
    options.directory = folder / "store";
    reopen();
  }
  void reopen() {
    store.reset();
    auto opened = Store::open(options, make_parquet_writer());
    ASSERT_TRUE(opened) << opened.error().message;
    store.emplace(std::move(*opened));
  }
};

}  // namespace weir::store
