// A visitor of a variant, made of one lambda for each type.
#pragma once

namespace weir::config {

template <class... Visitors>
struct Overloaded : Visitors... {
  using Visitors::operator()...;
};
template <class... Visitors>
Overloaded(Visitors...) -> Overloaded<Visitors...>;

}  // namespace weir::config
