// Which known name somebody may have meant.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace weir {

// The known name that is nearest to one that was typed wrongly, whatever the case of letters; empty if none is near.
std::string_view nearest(std::string_view written, std::span<const std::string_view> known);

// "; did you mean \"top\"?", empty if none is near.
std::string did_you_mean(std::string_view written, std::span<const std::string_view> known);

}  // namespace weir
