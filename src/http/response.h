// An answer, and the Responder that gives it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "http/negotiate.h"

namespace weir::http {

inline constexpr std::string_view kPlainText = "text/plain; charset=utf-8";
inline constexpr std::string_view kHtml = "text/html; charset=utf-8";

// A body, which many answers may share without copying it.
class Body {
 public:
  Body() = default;
  // Of static storage.
  static Body literal(std::string_view text) { return Body(nullptr, text); }
  // A view of `owner`, which stays alive and unchanged until the answer is sent.
  Body(std::shared_ptr<const void> owner, std::string_view bytes) : owner_(std::move(owner)), bytes_(bytes) {}
  Body(std::shared_ptr<const std::string> text)  // NOLINT(google-explicit-constructor): a body is a shared text
      : bytes_(text ? std::string_view(*text) : std::string_view()) {
    owner_ = std::move(text);
  }
  Body(std::string text)  // NOLINT(google-explicit-constructor): so is any text
      : Body(std::make_shared<const std::string>(std::move(text))) {}

  std::string_view bytes() const { return bytes_; }

 private:
  std::shared_ptr<const void> owner_;
  std::string_view bytes_;
};

struct Response {
  unsigned status = 200;
  std::string_view content_type = kPlainText;  // of static storage
  Body body{};
  Encoding encoding = Encoding::identity;  // what the body is in already
  bool negotiated = false;                 // the answer depends on Accept or Accept-Encoding (Vary)
  std::string_view allow{};                // of static storage; for 405
  unsigned retry_after_s = 0;
  bool close = false;
};

// `text` is of static storage.
inline Response short_answer(unsigned status, std::string_view text) {
  return {.status = status, .body = Body::literal(text)};
}

namespace detail {
struct Mailbox;
}

// Answers one request, at most once, from any thread, also after the handler has returned. If it is destroyed without
// an answer, it answers 500. The client or the server may be gone by then.
class Responder {
 public:
  Responder(std::shared_ptr<detail::Mailbox> mailbox, uint32_t slot, uint64_t serial);
  Responder(Responder&&) noexcept;
  Responder& operator=(Responder&&) noexcept;
  ~Responder();

  void operator()(Response response);

 private:
  std::shared_ptr<detail::Mailbox> mailbox_;  // none: answered
  uint32_t slot_ = 0;
  uint64_t serial_ = 0;
};

}  // namespace weir::http
