// Whether a list names every member of a struct, decided by the compiler.
//
// C++ cannot list the members of a struct, but it knows how many values an aggregate takes. If a struct can be made of
// one value for each listed member, and not of one value more, then the list has as many members as the struct. If none
// is listed twice, it has them all. The table of keys and the table of options are both checked like this: a member
// that one of them forgets does not compile.
#pragma once

#include <type_traits>
#include <utility>

namespace weir::config {

template <class Pointer>
struct MemberPointer;
template <class Struct, class Value>
struct MemberPointer<Value Struct::*> {
  using struct_type = Struct;
  using value_type = Value;
};

template <auto Member>
using StructOf = typename MemberPointer<decltype(Member)>::struct_type;
template <auto Member>
using ValueOf = typename MemberPointer<decltype(Member)>::value_type;

// A member as a type, so that two of them can be compared whatever their values are.
template <auto Member>
struct NamedMember {};

// How often Member is among Members.
template <auto Member, auto... Members>
inline constexpr int kTimesNamed = (0 + ... + (std::is_same_v<NamedMember<Member>, NamedMember<Members>> ? 1 : 0));

// The members are those of Struct, each once, in the order of the struct. Each can be made of {}.
template <class Struct, auto... Members>
consteval bool names_every_member() {
  constexpr bool each_once = (... && (kTimesNamed<Members, Members...> == 1));
  constexpr bool of_struct = (... && std::is_same_v<StructOf<Members>, Struct>);
  constexpr bool takes_as_many = requires { Struct{std::declval<ValueOf<Members>>()...}; };
  constexpr bool takes_one_more = requires { Struct{std::declval<ValueOf<Members>>()..., {}}; };
  return each_once && of_struct && takes_as_many && !takes_one_more;
}

}  // namespace weir::config
