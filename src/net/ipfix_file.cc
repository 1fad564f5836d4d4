#include "net/ipfix_file.h"

#include <algorithm>
#include <span>
#include <vector>

#include "base/ipfix_header.h"
#include "net/ipfix_framing.h"
#include "net/recording.h"

namespace weir::net {
namespace {

constexpr size_t kWindowBytes = size_t{1} << 18;
// What must be at hand to judge a message: all of it, and the beginning of what follows.
constexpr size_t kLookAhead = kMaxIpfixMessageBytes + kIpfixHeaderBytes;

// Whether the sets of a message fill it exactly.
bool sets_fit(ByteView message) {
  ByteReader in(message);
  if (!in.skip(kIpfixHeaderBytes)) return false;
  while (!in.empty()) {
    const auto set = in.read<SetHeader>();
    if (!set || set->length < sizeof(SetHeader) || !in.skip(set->length - sizeof(SetHeader))) return false;
  }
  return true;
}

class IpfixFile final : public Recording {
 public:
  IpfixFile(std::string name, File file, uint64_t session)
      : name_(std::move(name)), file_(std::move(file)), session_(session), window_(kWindowBytes) {}

  bool begins_well() {
    fill();
    return view().size() >= sizeof(SetHeader) && may_begin_ipfix_message(view());
  }

  Result<std::optional<CapturedDatagram>> next() override {
    while (true) {
      fill();
      if (view().empty()) return finish();
      if (const auto length = whole_message()) return found(*length);
      if (!lost_) ++damages_;
      lost_ = true;
      ++begin_;
      ++counts_.damaged_bytes;
    }
  }

 private:
  ByteView view() const { return ByteView(window_).subspan(begin_, end_ - begin_); }

  // Until there is enough to judge, or the file ends.
  void fill() {
    if (ended_ || view().size() >= kLookAhead) return;
    std::copy(window_.begin() + static_cast<std::ptrdiff_t>(begin_),
              window_.begin() + static_cast<std::ptrdiff_t>(end_), window_.begin());
    end_ -= begin_;
    begin_ = 0;
    const std::span<uint8_t> free = std::span(window_).subspan(end_);
    const size_t got = std::fread(free.data(), 1, free.size(), file_.get());
    end_ += got;
    counts_.bytes_read += got;
    ended_ = got < free.size();
  }

  // The length of the message that begins here, if one does. A damaged length is told by what the sets add up to and by
  // what follows: one of the two may be wrong. After damage any bytes may look like a header, so the sets must be
  // right.
  std::optional<size_t> whole_message() const {
    const std::optional<size_t> length = ipfix_message_length(view());
    if (!length || *length > view().size()) return std::nullopt;
    const bool fits = sets_fit(view().first(*length));
    const ByteView rest = view().subspan(*length);
    const bool followed = rest.empty() || (rest.size() >= sizeof(SetHeader) && may_begin_ipfix_message(rest));
    const bool good = lost_ ? fits && (followed || *length > kIpfixHeaderBytes) : fits || followed;
    return good ? length : std::nullopt;
  }

  CapturedDatagram found(size_t length) {
    lost_ = false;
    const ByteView message = view().first(length);
    begin_ += length;
    ++counts_.frames;
    ++counts_.datagrams;
    const auto header = *ByteReader(message).read<IpfixHeader>();
    return {.frame = counts_.frames,
            .datagram = {.bytes = message,
                         .exporter = IpAddress::from_v4(0),
                         .exporter_port = 0,
                         .received = timestamp_from_us(int64_t{header.export_seconds} * 1'000'000),
                         .connection = session_},
            .destination = IpAddress::from_v4(0),
            .destination_port = 0};
  }

  Result<std::optional<CapturedDatagram>> finish() {
    if (std::ferror(file_.get()) != 0) return fail_errno("cannot read " + name_);
    if (damages_ == 0) return std::nullopt;
    return fail("{} is damaged: {} bytes at {} place{} are not of a whole IPFIX message; {} messages were read", name_,
                counts_.damaged_bytes, damages_, damages_ == 1 ? "" : "s", counts_.datagrams);
  }

  std::string name_;
  File file_;
  uint64_t session_;
  std::vector<uint8_t> window_;
  size_t begin_ = 0;  // of what was not handed out yet
  size_t end_ = 0;
  bool ended_ = false;
  bool lost_ = false;     // where a message begins is not known
  uint64_t damages_ = 0;  // how often it was lost
};

}  // namespace

Result<std::unique_ptr<Recording>> open_ipfix_file(std::string name, File file, uint64_t session) {
  auto recording = std::make_unique<IpfixFile>(name, std::move(file), session);
  if (!recording->begins_well()) {
    return fail("cannot read {}: it is neither a pcap or pcapng capture nor a file of IPFIX messages", name);
  }
  return recording;
}

class IpfixFileWriter::Impl {
 public:
  Impl(std::string name, File file) : name_(std::move(name)), file_(std::move(file)) {}
  void write(ByteView message) {
    if (std::fwrite(message.data(), 1, message.size(), file_.get()) != message.size()) failed_ = true;
  }
  Result<> close() {
    if (std::fflush(file_.get()) != 0 || failed_) return fail_errno("cannot write " + name_);
    return {};
  }

 private:
  std::string name_;
  File file_;
  bool failed_ = false;
};

Result<IpfixFileWriter> IpfixFileWriter::create(const std::filesystem::path& path) {
  File file(std::fopen(path.c_str(), "wb"));
  if (!file) return fail_errno("cannot write " + path.string());
  return IpfixFileWriter(std::make_unique<Impl>(path.string(), std::move(file)));
}

IpfixFileWriter::IpfixFileWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
IpfixFileWriter::IpfixFileWriter(IpfixFileWriter&&) noexcept = default;
IpfixFileWriter& IpfixFileWriter::operator=(IpfixFileWriter&&) noexcept = default;
IpfixFileWriter::~IpfixFileWriter() = default;
void IpfixFileWriter::write(ByteView message) { impl_->write(message); }
Result<> IpfixFileWriter::close() { return impl_->close(); }

}  // namespace weir::net
