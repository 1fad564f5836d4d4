// Tells flow exports from other UDP datagrams in a capture.
#pragma once

#include "base/bytes.h"

namespace weir::app {

// Whether a payload begins like a message of NetFlow v1, v5, v7, v9, IPFIX or sFlow v5. It is a guess, enough to pass
// over DNS or syslog.
bool looks_like_flow_export(ByteView datagram);

}  // namespace weir::app
