// A shared library that only some installations need (TLS, passwords, YAML, D-Bus), loaded when it is needed. Linked in
// the ordinary way, OpenSSL alone costs every process 2 MB of resident memory, as much as all the rest of weir-host.
//
//   struct Crypt { decltype(&::crypt_rn) crypt_rn; };
//   LazyLibrary library("libcrypt.so.1");
//   library.find("crypt_rn", crypt.crypt_rn);
//   TRY(library.good("basic_auth_users", "libcrypt1"));
//
// The functions have the types of the library's own headers. A loaded library stays until the process ends.
#pragma once

#include <bit>
#include <string>
#include <string_view>

#include "base/result.h"

namespace weir {

class LazyLibrary {
 public:
  explicit LazyLibrary(const char* name);

  template <class Function>
  void find(const char* symbol, Function*& function) {
    function = std::bit_cast<Function*>(address_of(symbol));
  }

  // Fails if the library, or a symbol that was looked for, is not there. `purpose` is what needs it and `package` what
  // the operator can install.
  Result<> good(std::string_view purpose, std::string_view package) const;

 private:
  void* address_of(const char* symbol);

  std::string name_;
  void* handle_;
  std::string problem_;  // the first one
};

}  // namespace weir
