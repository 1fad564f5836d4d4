// Libraries that only some installations need (TLS, passwords, YAML), loaded when they are: linked in the ordinary way
// OpenSSL alone costs every process 2 MB of resident memory, which is as much as all the rest.
//
//   struct Crypt { decltype(&::crypt_rn) crypt_rn; };
//   LazyLibrary library("libcrypt.so.1");  library.find("crypt_rn", crypt.crypt_rn) ...
//
// The functions have the types of the library's own headers. A loaded library stays until the process ends.
#pragma once

#include <dlfcn.h>

#include <bit>
#include <string>

#include "base/result.h"

namespace weir::http {

class LazyLibrary {
 public:
  explicit LazyLibrary(const char* name) : name_(name), handle_(::dlopen(name, RTLD_NOW | RTLD_LOCAL)) {
    if (handle_ == nullptr) problem_ = ::dlerror();
  }

  template <class Function>
  void find(const char* symbol, Function*& function) {
    if (handle_ == nullptr) return;
    function = std::bit_cast<Function*>(::dlsym(handle_, symbol));
    if (function == nullptr && problem_.empty()) problem_ = fmt::format("{} has no {}", name_, symbol);
  }

  // Whether the library and everything that was looked for is there; `purpose` and `package` are for the operator.
  Result<> good(std::string_view purpose, std::string_view package) const {
    if (problem_.empty()) return {};
    return fail("{} needs {}: {}; install the package {}", purpose, name_, problem_, package);
  }

 private:
  std::string name_;
  void* handle_;
  std::string problem_;
};

}  // namespace weir::http
