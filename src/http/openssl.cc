#include "http/openssl.h"

#include "base/lazy_library.h"

namespace weir::http {

Result<const OpenSsl*> load_openssl(std::string_view purpose) {
  static const auto loaded = [] {
    std::pair<OpenSsl, std::string> result;
    LazyLibrary crypto("libcrypto.so.3");
    LazyLibrary ssl("libssl.so.3");
#define X(name) ssl.find(#name, result.first.name);
    WEIR_SSL_FUNCTIONS(X)
#undef X
#define X(name) crypto.find(#name, result.first.name);
    WEIR_CRYPTO_FUNCTIONS(X)
#undef X
    for (const LazyLibrary* library : {&crypto, &ssl}) {
      if (const auto good = library->good("it", "libssl3"); !good && result.second.empty())
        result.second = good.error().message;
    }
    return result;
  }();
  if (!loaded.second.empty()) return fail("{}: {}", purpose, loaded.second);
  return &loaded.first;
}

}  // namespace weir::http
