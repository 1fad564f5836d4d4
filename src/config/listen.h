// What may be written for a listening address; net/ opens it.
#pragma once

#include <string_view>

namespace weir::config {

// "PORT", ":PORT", "*:PORT", "ADDRESS:PORT", "NAME:PORT" or "[IPV6-ADDRESS]:PORT", PORT from 0 (the kernel chooses) to
// 65535.
bool is_listen_address(std::string_view text);

}  // namespace weir::config
