// Keeps the process small: what only its start and a crowd of clients needed goes back to the system.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace weir::app {

// One arena, and large blocks that go back as soon as they are freed. At the start of main.
void keep_memory_small();

// Gives back free memory between blocks in use, and the pages of the program and its libraries that were touched: those
// that a scrape needs come back from the page cache by themselves. Takes some milliseconds.
void give_back_memory();

// A mapping of a file that no write has changed, so that its pages can be had again from the file: the header line of
// /proc/PID/smaps and the value of its line "Anonymous:". Nothing if it is not one.
struct CleanMapping {
  uint64_t begin = 0;
  uint64_t end = 0;
};
std::optional<CleanMapping> clean_mapping(std::string_view header, std::string_view anonymous);

}  // namespace weir::app
