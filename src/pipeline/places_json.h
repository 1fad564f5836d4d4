// Reading the places of an account; what writes them is in places.h.
#pragma once

#include <boost/json/fwd.hpp>
#include <vector>

#include "decode/session/place.h"

namespace weir::pipeline {

// Nothing is taken on trust: an entry that cannot be is left out.
std::vector<decode::SequencePlace> places_from_json(const boost::json::value& places);

}  // namespace weir::pipeline
