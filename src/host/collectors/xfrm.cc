#include "host/collectors/xfrm.h"

#include <array>

#include "base/kept_file.h"
#include "base/text.h"
#include "host/collectors/options.h"

namespace weir::host {
namespace {

struct Family {
  std::string_view line;
  std::string_view name;
  std::string_view help;
};
constexpr auto kFamilies = std::to_array<Family>({
    {"XfrmAcquireError", "node_xfrm_acquire_error_packets_total", "State hasn’t been fully acquired before use"},
    {"XfrmFwdHdrError", "node_xfrm_fwd_hdr_error_packets_total", "Forward routing of a packet is not allowed"},
    {"XfrmInBufferError", "node_xfrm_in_buffer_error_packets_total", "No buffer is left"},
    {"XfrmInError", "node_xfrm_in_error_packets_total", "All errors not matched by other"},
    {"XfrmInHdrError", "node_xfrm_in_hdr_error_packets_total", "Header error"},
    {"XfrmInNoPols", "node_xfrm_in_no_pols_packets_total",
     "No policy is found for states e.g. Inbound SAs are correct but no SP is found"},
    {"XfrmInNoStates", "node_xfrm_in_no_states_packets_total",
     "No state is found i.e. Either inbound SPI, address, or IPsec protocol at SA is wrong"},
    {"XfrmInPolBlock", "node_xfrm_in_pol_block_packets_total", "Policy discards"},
    {"XfrmInPolError", "node_xfrm_in_pol_error_packets_total", "Policy error"},
    {"XfrmInStateExpired", "node_xfrm_in_state_expired_packets_total", "State is expired"},
    {"XfrmInStateInvalid", "node_xfrm_in_state_invalid_packets_total", "State is invalid"},
    {"XfrmInStateMismatch", "node_xfrm_in_state_mismatch_packets_total",
     "State has mismatch option e.g. UDP encapsulation type is mismatch"},
    {"XfrmInStateModeError", "node_xfrm_in_state_mode_error_packets_total", "Transformation mode specific error"},
    {"XfrmInStateProtoError", "node_xfrm_in_state_proto_error_packets_total",
     "Transformation protocol specific error e.g. SA key is wrong"},
    {"XfrmInStateSeqError", "node_xfrm_in_state_seq_error_packets_total",
     "Sequence error i.e. Sequence number is out of window"},
    {"XfrmInTmplMismatch", "node_xfrm_in_tmpl_mismatch_packets_total",
     "No matching template for states e.g. Inbound SAs are correct but SP rule is wrong"},
    {"XfrmOutBundleCheckError", "node_xfrm_out_bundle_check_error_packets_total", "Bundle check error"},
    {"XfrmOutBundleGenError", "node_xfrm_out_bundle_gen_error_packets_total", "Bundle generation error"},
    {"XfrmOutError", "node_xfrm_out_error_packets_total", "All errors which is not matched others"},
    {"XfrmOutNoStates", "node_xfrm_out_no_states_packets_total", "No state is found"},
    {"XfrmOutPolBlock", "node_xfrm_out_pol_block_packets_total", "Policy discards"},
    {"XfrmOutPolDead", "node_xfrm_out_pol_dead_packets_total", "Policy is dead"},
    {"XfrmOutPolError", "node_xfrm_out_pol_error_packets_total", "Policy error"},
    {"XfrmOutStateExpired", "node_xfrm_out_state_expired_packets_total", "State is expired"},
    {"XfrmOutStateInvalid", "node_xfrm_out_state_invalid_packets_total", "State is invalid, perhaps expired"},
    {"XfrmOutStateModeError", "node_xfrm_out_state_mode_error_packets_total", "Transformation mode specific error"},
    {"XfrmOutStateProtoError", "node_xfrm_out_state_proto_error_packets_total",
     "Transformation protocol specific error"},
    {"XfrmOutStateSeqError", "node_xfrm_out_state_seq_error_packets_total",
     "Sequence error i.e. Sequence number overflow"},
});

class Xfrm : public Collector {
 public:
  explicit Xfrm(const Options& options) : file_(options.procfs + "/net/xfrm_stat") {}

  Result<> collect(telemetry::Exposition& out) override {
    const auto text = file_.read_if_there();
    if (!text) return no_data();
    for (const Family& family : kFamilies) {
      const auto number = xfrm_number(*text, family.line);
      if (number) out.single(family.name, telemetry::MetricType::counter, family.help, *number);
    }
    return {};
  }

 private:
  KeptFile file_;
};

}  // namespace

std::optional<uint64_t> xfrm_number(std::string_view text, std::string_view name) {
  while (!text.empty()) {
    std::string_view line = next_line(text);
    if (next_word(line) == name) return parse_number<uint64_t>(next_word(line));
  }
  return std::nullopt;
}

Result<std::unique_ptr<Collector>> make_xfrm(const Options& options) { return std::make_unique<Xfrm>(options); }

}  // namespace weir::host
