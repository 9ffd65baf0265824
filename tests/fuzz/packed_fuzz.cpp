// A packed matrix as the library's file.
//   byte 0 even: what follows is the file
//   byte 0 odd:  what follows is a file whose magic, version, size and checksums are set right
#include <algorithm>
#include <string>
#include <vector>

#include "roste/core/packed_file.h"
#include "tests/fuzz/contract.h"
#include "tests/fuzz/input.h"

namespace trainer::fuzz {
namespace {

std::vector<std::uint8_t> file_of(Input input) {
  using namespace roste::detail;
  const bool repaired = input.below(2) == 1;
  const std::string_view rest = input.rest();
  std::vector<std::uint8_t> bytes(rest.begin(), rest.end());
  if (!repaired || bytes.size() < roste::kPackedFileHeader) return bytes;
  const std::span<std::uint8_t> file(bytes);
  std::copy(roste::kPackedFileMagic.begin(), roste::kPackedFileMagic.end(), file.begin());
  put_little_endian(roste::kPackedFileVersion, file.subspan(kVersionAt, 4));
  put_little_endian(file.size(), file.subspan(kFileBytesAt, 8));
  put_little_endian(roste::crc32(file.subspan(roste::kPackedFileHeader)),
                    file.subspan(kBodyCrcAt, 4));
  put_little_endian(roste::crc32(file.first(kHeaderCrcAt)), file.subspan(kHeaderCrcAt, 4));
  return bytes;
}

// What was accepted is what the writer writes, byte for byte, and its codes are codes.
void check(const roste::PackedMatrix& m, const std::vector<std::uint8_t>& bytes) {
  require(roste::write_packed_file(m) == bytes, "another file for the same matrix");
  std::vector<std::int16_t> codes(static_cast<std::size_t>(m.rows * m.cols));
  roste::unpack_matrix(m, std::span(codes));
  const auto range = m.scheme.grid.codes;
  for (const std::int16_t code : codes) {
    require(code >= range.min && code <= range.max, "a code outside of its range");
  }
  const std::span<const std::int16_t> view(codes);
  require(roste::pack_matrix(m.scheme, m.rows, m.cols, m.params, view).codes == m.codes,
          "other bytes for the same codes");
}

}  // namespace
}  // namespace trainer::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace trainer::fuzz;
  const std::vector<std::uint8_t> bytes = file_of(Input(data, size));
  library_accepts([&] { check(roste::read_packed_file(bytes), bytes); });
  return 0;
}
