// ICMP answers to the datagrams of a UDP socket.
//
// A connected socket that asks for them (IP_RECVERR) has a queue of errors, with one entry for each answer. On this
// machine each datagram that nobody takes is answered; other machines limit the rate of their answers. The next send
// fails with the latest error, and sends nothing.
#pragma once

#include <sys/socket.h>

#include <chrono>
#include <cstdint>

namespace weir::net {

struct IcmpAnswers {
  uint64_t refused = 0;   // nobody listens there, or there is no way
  uint64_t too_long = 0;  // for the path
  int error = 0;          // errno of the last refusal

  bool any() const { return refused + too_long > 0; }
};

void ask_for_icmp_answers(int fd, sa_family_t family);

// Takes what has come off the queue. Does not wait.
IcmpAnswers take_icmp_answers(int fd);

// Waits until an answer comes, at most so long.
IcmpAnswers await_icmp_answers(int fd, std::chrono::milliseconds patience);

}  // namespace weir::net
