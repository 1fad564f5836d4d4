#include "pipeline/cpu_affinity.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <thread>
#include <vector>

namespace weir::pipeline {
namespace {

std::vector<size_t> permitted() {
  cpu_set_t set;
  CPU_ZERO(&set);
  EXPECT_EQ(sched_getaffinity(0, sizeof set, &set), 0);
  std::vector<size_t> cpus;
  for (size_t cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &set)) cpus.push_back(cpu);
  }
  return cpus;
}

std::string refusal(std::vector<size_t> cpus) {
  const Result<> checked = check_cpus(cpus);
  return checked ? "" : checked.error().message;
}

TEST(CpuAffinity, RefusesWhatTheMachineDoesNotHave) {
  EXPECT_EQ(refusal({}), "");
  EXPECT_EQ(refusal(permitted()), "");
  const auto count = static_cast<size_t>(sysconf(_SC_NPROCESSORS_CONF));
  EXPECT_NE(refusal({permitted()[0], count}).find(fmt::format("no processor {}", count)), std::string::npos);
  EXPECT_NE(refusal({1'000'000}).find("no processor 1000000"), std::string::npos);
}

TEST(CpuAffinity, PinsTheThreadAndRefusesOthers) {
  const std::vector<size_t> all = permitted();
  for (const size_t cpu : all) {
    std::thread([&] {
      pin_this_thread(cpu);
      EXPECT_EQ(permitted(), std::vector<size_t>{cpu});
      for (const size_t other : all) {
        const std::string text = refusal({other});
        if (other == cpu)
          EXPECT_EQ(text, "");
        else
          EXPECT_NE(text.find(fmt::format("processor {} is not permitted", other)), std::string::npos) << text;
      }
    }).join();
  }
  EXPECT_EQ(permitted(), all);
}

}  // namespace
}  // namespace weir::pipeline
