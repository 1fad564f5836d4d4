#include "net/icmp_answers.h"

#include <linux/errqueue.h>
#include <netinet/in.h>
#include <poll.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace weir::net {
namespace {

// The error that a message of the queue carries; one without, and one of this machine itself (a datagram that is too
// long for its interface), is no answer.
int error_of(msghdr& message) {
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr; part = CMSG_NXTHDR(&message, part)) {
    const bool v4 = part->cmsg_level == IPPROTO_IP && part->cmsg_type == IP_RECVERR;
    const bool v6 = part->cmsg_level == IPPROTO_IPV6 && part->cmsg_type == IPV6_RECVERR;
    if (!v4 && !v6) continue;
    sock_extended_err error{};
    std::memcpy(&error, CMSG_DATA(part), sizeof error);
    const bool from_afar = error.ee_origin == SO_EE_ORIGIN_ICMP || error.ee_origin == SO_EE_ORIGIN_ICMP6;
    return from_afar ? static_cast<int>(error.ee_errno) : 0;
  }
  return 0;
}

void add(IcmpAnswers& answers, int error) {
  if (error == 0) return;
  if (error == EMSGSIZE) {
    ++answers.too_long;
  } else {
    ++answers.refused;
    answers.error = error;
  }
}

}  // namespace

void ask_for_icmp_answers(int fd, sa_family_t family) {
  const int on = 1;
  if (family == AF_INET) setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof on);
  if (family == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof on);
}

IcmpAnswers take_icmp_answers(int fd) {
  IcmpAnswers answers;
  alignas(cmsghdr) std::array<char, 512> control;
  while (true) {
    msghdr message{};
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    if (recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) break;
    add(answers, error_of(message));
  }
  // A socket that has no queue has at least its last error.
  int error = 0;
  socklen_t size = sizeof error;
  if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && !answers.any()) add(answers, error);
  return answers;
}

IcmpAnswers await_icmp_answers(int fd, std::chrono::milliseconds patience) {
  pollfd waiting{.fd = fd, .events = 0, .revents = 0};  // POLLERR needs no asking
  poll(&waiting, 1, static_cast<int>(patience.count()));
  return take_icmp_answers(fd);
}

}  // namespace weir::net
