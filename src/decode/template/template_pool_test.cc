#include "decode/template/template_pool.h"

#include <gtest/gtest.h>

#include "decode/session/session.h"
#include "decode/test_decode.h"

namespace weir::decode {
namespace {

Template ports(uint16_t id, uint16_t length) {
  Template layout{.id = TemplateId{id}, .fields = {{0, 7, length, false}, {0, 11, length, false}}};
  layout.measure();
  return layout;
}

TEST(TemplatePool, EqualLayoutsAreCompiledOnce) {
  TemplatePool pool;
  const TemplatePtr first = pool.compile(ports(256, 2));
  EXPECT_EQ(pool.compile(ports(256, 2)), first);
  EXPECT_NE(pool.compile(ports(257, 2)), first) << "another id";
  EXPECT_NE(pool.compile(ports(256, 4)), first) << "other fields";
  Template options = ports(256, 2);
  options.options = true;
  EXPECT_NE(pool.compile(options), first);
  Template scope = ports(256, 2);
  scope.fields[0].scope = true;
  EXPECT_NE(pool.compile(scope), first);
}

TEST(TemplatePool, OneThatIsHeldIsCompiledWhenItIsUsed) {
  TemplatePool pool;
  const TemplatePtr held = pool.hold(ports(256, 2));
  EXPECT_EQ(held->schema, nullptr);
  EXPECT_EQ(pool.hold(ports(256, 2)), held);
  const TemplatePtr compiled = pool.compile(held->layout);
  EXPECT_EQ(compiled->schema, pool.schema());
  EXPECT_EQ(pool.hold(ports(256, 2)), compiled);
}

TEST(TemplatePool, KnowsWhatItsTemplatesTake) {
  TemplatePool pool;
  EXPECT_EQ(pool.memory(), 0u);
  {
    const TemplatePtr held = pool.hold(ports(256, 2));
    const TemplatePtr again = pool.hold(ports(256, 2));
    EXPECT_EQ(pool.memory(), CompiledTemplate::memory_of(held->layout));
    const TemplatePtr other = pool.hold(ports(257, 2));
    EXPECT_EQ(pool.memory(), 2 * CompiledTemplate::memory_of(held->layout));
  }
  EXPECT_EQ(pool.memory(), 0u);
}

TEST(TemplatePool, WhatNobodyUsesIsForgotten) {
  TemplatePool pool;
  const std::weak_ptr<const CompiledTemplate> gone = pool.compile(ports(256, 2));
  EXPECT_TRUE(gone.expired());
  const TemplatePtr again = pool.compile(ports(256, 2));
  EXPECT_EQ(again->layout.min_length, 4u);
  for (uint32_t i = 0; i < 20'000; ++i) pool.compile(ports(static_cast<uint16_t>(256 + i), 2));
  EXPECT_EQ(pool.compile(ports(256, 2)), again) << "what is used stays";
}

}  // namespace
}  // namespace weir::decode
