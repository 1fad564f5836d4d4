#include <unistd.h>

#include "base/check.h"
#include "http/connection.h"
#include "http/mailbox.h"

namespace weir::http {

Responder::Responder(std::shared_ptr<detail::Mailbox> mailbox, uint32_t slot, uint64_t serial)
    : mailbox_(std::move(mailbox)), slot_(slot), serial_(serial) {}

Responder::Responder(Responder&&) noexcept = default;

Responder& Responder::operator=(Responder&& other) noexcept {
  std::swap(mailbox_, other.mailbox_);
  std::swap(slot_, other.slot_);
  std::swap(serial_, other.serial_);
  return *this;
}

Responder::~Responder() {
  if (!mailbox_) return;
  try {
    (*this)({.status = 500, .body = Body::literal("internal error\n")});
  } catch (...) {
    // No memory for the delivery. The client waits until it gives up.
  }
}

void Responder::operator()(Response response) {
  CHECK(mailbox_);  // answered twice
  const std::shared_ptr<detail::Mailbox> mailbox = std::move(mailbox_);
  if (deliver_directly(mailbox.get(), serial_, response)) return;
  mailbox->deliver({slot_, serial_, std::move(response)});
}

namespace detail {

void Mailbox::signal() noexcept {
  const uint64_t one = 1;
  (void)!::write(wake.get(), &one, sizeof(one));
}

void Mailbox::deliver(Delivery delivery) {
  const std::lock_guard lock(mutex);
  if (!open) return;
  deliveries.push_back(std::move(delivery));
  signal();
}

void Mailbox::post(std::function<void()> function) {
  const std::lock_guard lock(mutex);
  if (!open) return;
  work.push_back(std::move(function));
  signal();
}

}  // namespace detail
}  // namespace weir::http
