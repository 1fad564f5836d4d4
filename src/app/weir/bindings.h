// Which option of the parts a member of the configuration fills: lists of them, which the compiler finds incomplete.
//
//   constexpr auto kLimits = bindings_of<config::Limits>(
//       to<&config::Limits::exporters>([](Settings& s) -> auto& { return s.decoder.limits.sessions; }),
//       to<&config::Limits::early_age>([](Settings& s) -> auto& { return s.decoder.limits.early_age; }), ...);
//
// A binding is the option, and the value becomes one of its type; or, where that is not all, a function of the value
// that sets what is to be set; or, for a member with members, a list of bindings. A member without a binding does not
// compile, and neither does a value that does not become the type of its option.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include "base/result.h"
#include "base/time.h"
#include "config/config.h"
#include "config/members.h"

namespace weir::app {

template <auto Member, class Target>
struct Binding {
  Target target;
};

template <class Struct, auto... Members, class... Targets>
constexpr auto bindings_of(Binding<Members, Targets>... bindings) {
  static_assert(config::names_every_member<Struct, Members...>(),
                "each member of the struct has one binding, in the same order");
  return std::tuple(bindings...);
}

template <auto Member, class Target>
constexpr Binding<Member, Target> to(Target target) {
  return {target};
}

// A value as another type for the same thing. Whole numbers are within the bounds of their keys.
template <class Option, class Value>
void set_option(Option& option, const Value& value) {
  if constexpr (std::same_as<Option, Value>) {
    option = value;
  } else if constexpr (std::same_as<Value, config::ByteSize>) {
    set_option(option, value.bytes);
  } else if constexpr (std::same_as<Value, Micros>) {
    option = std::chrono::duration_cast<Option>(value);
  } else if constexpr (std::same_as<Option, std::string>) {
    option = value.value_or("");  // parts for which an empty text is none
  } else if constexpr (requires { value.has_value(); }) {
    option.reset();
    if (value) set_option(option.emplace(), *value);
  } else {
    static_assert(std::integral<Option> && std::same_as<Value, uint64_t> && !std::same_as<Option, bool>);
    option = static_cast<Option>(value);
  }
}

template <class Parts, class... Bindings>
Result<> fill(const auto& values, const std::tuple<Bindings...>& bindings, Parts& parts);

template <class Parts, auto Member, class Target>
Result<> fill_one(const auto& values, const Binding<Member, Target>& binding, Parts& parts) {
  const auto& value = values.*Member;
  if constexpr (requires { std::tuple_size<Target>::value; }) {
    return fill(value, binding.target, parts);
  } else if constexpr (requires { binding.target(parts); }) {
    set_option(binding.target(parts), value);
    return {};
  } else if constexpr (std::same_as<decltype(binding.target(value, parts)), Result<>>) {
    return binding.target(value, parts);
  } else {
    binding.target(value, parts);
    return {};
  }
}

// Fills the parts, in the order of the members, until one fails.
template <class Parts, class... Bindings>
Result<> fill(const auto& values, const std::tuple<Bindings...>& bindings, Parts& parts) {
  Result<> done;
  const auto next = [&](const auto& binding) {
    if (done) done = fill_one(values, binding, parts);
  };
  std::apply([&](const auto&... each) { (next(each), ...); }, bindings);
  return done;
}

}  // namespace weir::app
