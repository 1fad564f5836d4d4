// What the commands that send say about datagrams that nobody took.
#pragma once

#include <string_view>

#include "net/sender.h"

namespace weir::app {

// On standard error, if there were any. Call it after Sender::await_refusals().
void report_refusals(std::string_view command, const net::Sender& sender, const net::SendTarget& target);

}  // namespace weir::app
