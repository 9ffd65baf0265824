#include "reference_trainer/io/manifest.h"

#include <algorithm>
#include <vector>

#include "reference_trainer/base/error.h"
#include "reference_trainer/io/exact_json.h"
#include "reference_trainer/io/file.h"
#include "reference_trainer/io/stream_hash.h"

namespace trainer {
namespace {

using nlohmann::json;

constexpr const char* kFormat = "roste-checkpoint";
constexpr std::size_t kHashStep = std::size_t{1} << 20;

// The envelope, which every version keeps: the hash covers the body as json::dump() writes it.
std::string envelope(const json& body) {
  const std::string text = body.dump();
  const json document = {{"body", body}, {"xxh3_128", hash_bytes(std::as_bytes(std::span(text)))}};
  return document.dump(1) + "\n";
}

json read_body(const std::filesystem::path& path) {
  const std::string text = read_file(path, "CK-08");
  const json document = parse_json(text, {.where = path.string(), .code = "CK-07"});
  // Equality of the whole text finds changes in blanks and in the hash itself, too.
  if (!document.is_object() || !document.contains("body") || envelope(document["body"]) != text) {
    throw_bad_input({"CK-07", path.string(), "a manifest that does not match its own hash",
                     "an unchanged manifest", ""});
  }
  return document["body"];
}

// The integer at `key` of `object`. Throws json::exception where there is no such member, CK-08
// where it is another value.
template <class Integer>
Integer integer_at(const json& object, const char* key, const std::string& where) {
  if (const auto value = exactly<Integer>(object.at(key))) return *value;
  throw_bad_input({"CK-08", where, pointer_step(key) + " of " + shown(object.at(key)),
                   "an integer that a checkpoint can have", ""});
}

void check_version(const json& body, const std::string& where) {
  const auto version =
      body.contains("version") ? integer_at<std::int64_t>(body, "version", where) : 0;
  if (body.value("format", std::string()) == kFormat && version == kManifestVersion) return;
  throw_bad_input(
      {"CK-09", where + ":/body/version",
       in_quotes(body.value("format", std::string("?"))) + " version " + std::to_string(version),
       std::string(kFormat) + " version " + std::to_string(kManifestVersion),
       "read it with the program that wrote it"});
}

std::int64_t checked_step(const json& body, const std::filesystem::path& directory) {
  const std::string where = (directory / kManifestFile).string();
  const auto step = integer_at<std::int64_t>(body, "step", where);
  const std::string expected = "step-" + std::to_string(step);
  if (directory.filename() == expected) return step;
  throw_bad_input({"CK-08", where, "the manifest of " + expected,
                   "that of " + directory.filename().string(), "files of two steps were mixed"});
}

// The first tensor whose bytes changed, or "" when the header itself is unreadable.
std::string changed_tensor(const std::filesystem::path& path, const json& hashes) {
  try {
    const SafetensorsFile file = SafetensorsFile::open(path);
    for (const auto& [name, info] : file.tensors()) {
      std::vector<std::byte> bytes(info.end - info.begin);
      file.read_bytes(name, bytes);
      if (hashes.value(name, std::string()) != hash_bytes(bytes)) return name;
    }
  } catch (const Error&) {
    // Nothing to add: that the file changed is reported by the caller.
  }
  return "";
}

void check_state_file(const json& body, const std::filesystem::path& directory) {
  const std::filesystem::path path = directory / kStateFile;
  const std::uint64_t size = InputFile::open(path, {"CK-08", "CK-08", Links::kFollow}).size();
  const json& record = body.at("files").at(kStateFile);
  const auto expected_size =
      integer_at<std::uint64_t>(record, "bytes", (directory / kManifestFile).string());
  if (size != expected_size) {
    throw_bad_input({"CK-08", path.string(), std::to_string(size) + " bytes",
                     std::to_string(expected_size) + " as in the manifest", ""});
  }
  const std::string hash = hash_file(path);
  const auto expected_hash = record.at("xxh3_128").get<std::string>();
  if (hash == expected_hash) return;
  const std::string tensor = changed_tensor(path, body.at("tensors"));
  const std::string where =
      tensor.empty() ? path.string() : path.string() + ":" + pointer_step(tensor);
  throw_bad_input({"CK-07", where, "XXH3-128 " + hash,
                   expected_hash.substr(0, hash.size()) + " as in the manifest",
                   "the contents changed after they were saved"});
}

}  // namespace

std::string hash_bytes(std::span<const std::byte> bytes) {
  StreamHash hash;
  hash.add(bytes);
  return hash.text();
}

std::string hash_file(const std::filesystem::path& path) {
  const InputFile file = InputFile::open(path, {"CK-08", "CK-08", Links::kFollow});
  std::vector<std::byte> piece(std::min<std::uint64_t>(file.size(), kHashStep));
  StreamHash hash;
  for (std::uint64_t offset = 0; offset < file.size(); offset += piece.size()) {
    piece.resize(std::min<std::uint64_t>(piece.size(), file.size() - offset));
    file.read_at(offset, piece);
    hash.add(piece);
  }
  return hash.text();
}

std::string manifest_text(const std::filesystem::path& directory, const CheckpointInfo& info,
                          std::span<const TensorView> tensors) {
  const std::filesystem::path state = directory / kStateFile;
  json hashes = json::object();
  for (const TensorView& tensor : tensors) hashes[tensor.name] = hash_bytes(tensor.bytes);
  return envelope(
      {{"format", kFormat},
       {"version", kManifestVersion},
       {"step", info.step},
       {"settings", info.settings},
       {"files",
        {{kStateFile,
          {{"bytes", std::filesystem::file_size(state)}, {"xxh3_128", hash_file(state)}}}}},
       {"tensors", hashes}});
}

CheckpointInfo verify_checkpoint(const std::filesystem::path& directory) {
  const std::filesystem::path path = directory / kManifestFile;
  const json body = read_body(path);
  try {
    check_version(body, path.string());
    const std::int64_t step = checked_step(body, directory);
    check_state_file(body, directory);
    return {step, body.at("settings")};
  } catch (const json::exception& failure) {
    throw_bad_input({"CK-08", path.string(), failure.what(), "the fields of docs/formats.md", ""});
  }
}

}  // namespace trainer
