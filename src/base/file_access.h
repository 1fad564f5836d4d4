// Who may read what this program writes, and whether others may read a private key.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

namespace weir {

// Modes of new files and folders. What people's machines say to each other is not for everybody on this one: others get
// nothing, and those who look at flows get a group. The umask may take more away, but does not give (open(2),
// mkdir(2)).
inline constexpr mode_t kGroupFile = 0640;
inline constexpr mode_t kGroupFolder = 0750;
inline constexpr mode_t kOwnFile = 0600;  // what no reader needs
inline constexpr mode_t kOwnFolder = 0700;

// What is wrong with the permissions of a private key's file; nothing if nothing is, or if it cannot be looked at. As
// for PostgreSQL: its owner alone may read it, or, if that is root, a group of root's choice, too.
std::optional<std::string> key_too_open(const std::string& path);

}  // namespace weir
