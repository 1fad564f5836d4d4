#include "base/lazy_library.h"

#include <dlfcn.h>

namespace weir {

LazyLibrary::LazyLibrary(const char* name) : name_(name), handle_(::dlopen(name, RTLD_LAZY | RTLD_LOCAL)) {
  if (handle_ == nullptr) problem_ = ::dlerror();
}

void* LazyLibrary::address_of(const char* symbol) {
  if (handle_ == nullptr) return nullptr;
  void* const address = ::dlsym(handle_, symbol);
  if (address == nullptr && problem_.empty()) problem_ = fmt::format("{} has no {}", name_, symbol);
  return address;
}

Result<> LazyLibrary::good(std::string_view purpose, std::string_view package) const {
  if (problem_.empty()) return {};
  return fail("{} needs {}: {}; install the package {}", purpose, name_, problem_, package);
}

}  // namespace weir
