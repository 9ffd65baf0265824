// Adapters on disk: the same weights from files, and refusal of what does not belong together.
#include "reference_trainer/baselines/lora_files.h"

#include "tests/baselines/lora_models.h"
#include "tests/io/files.h"

namespace trainer {
namespace {

using testing::expect_error;
using testing::TemporaryDirectory;

Network<Cpu> folded_model(Cpu& cpu) {
  Network<Cpu> network = test::talkative_network(cpu, test::generating_shape());
  fold_norms(cpu, network);
  return network;
}

// Adapters of a folded model under `mask`, saved; returns the network they belong to. `first` is
// the first value of them all.
Network<Cpu> save(Cpu& cpu, const std::string& mask, const std::filesystem::path& directory,
                  float first = 0.01f) {
  Network<Cpu> network = folded_model(cpu);
  const LoraSettings settings = test::lora_settings({Linear::kQ, Linear::kV, Linear::kDown});
  const auto choice = RotationChoice::shared(RotationMask::parse(mask), network.plan.shape, 11);
  const LoraBase base = prepare_lora_base(cpu, {}, choice, network);
  attach_adapters(cpu, settings, network);
  test::fill_adapters(network.adapters);
  network.adapters.layers[0][Linear::kQ].a.data()[0] = first;
  save_adapters(cpu, directory, settings, base, network);
  return network;
}

TEST(LoraFiles, MergingFromFilesGivesTheSameBits) {
  for (const char* mask : {"0000", "1000", "1001", "1111"}) {
    SCOPED_TRACE(mask);
    const TemporaryDirectory dir;
    Cpu cpu(1), other(3);
    Network<Cpu> trained = save(cpu, mask, dir / "adapter");
    Network<Cpu> fresh = folded_model(other);
    const LoraRecord record = load_adapters(other, dir / "adapter", {}, fresh);
    EXPECT_EQ(record.settings.rank, 3);
    EXPECT_EQ(record.settings.alpha, 6);
    EXPECT_EQ(record.base.choice.layers[0].text(), mask);
    EXPECT_EQ(test::logits_of(other, fresh), test::logits_of(cpu, trained));
    merge_adapters(cpu, trained);
    merge_adapters(other, fresh);
    EXPECT_EQ(get_parameters(other, fresh.parameters), get_parameters(cpu, trained.parameters));
  }
}

// Another process, another day: the bits of weights merged under R1 and R4 are these.
TEST(LoraFiles, GoldenHashOfMergedWeights) {
  const TemporaryDirectory dir;
  Cpu cpu(1);
  save(cpu, "1001", dir / "adapter");
  Network<Cpu> network = folded_model(cpu);
  load_adapters(cpu, dir / "adapter", {}, network);
  merge_adapters(cpu, network);
  EXPECT_EQ(hash_of(cpu, network.parameters), "d9a33d3731659799ca351f6f3b727dde");
}

TEST(LoraFiles, NothingIsOverwritten) {
  const TemporaryDirectory dir;
  Cpu cpu(1);
  save(cpu, "0000", dir / "adapter");
  EXPECT_THROW(save(cpu, "1000", dir / "adapter"), Error);
  EXPECT_EQ(
      testing::names_below(dir.path()),
      (std::vector<std::string>{"adapter", "adapter/adapter.json", "adapter/adapter.safetensors"}));
}

class LoraRefusals : public ::testing::Test {
 protected:
  void SetUp() override { save(cpu, "1001", dir / "adapter"); }

  void refuse(const std::string& code, const std::vector<std::string>& mentions) {
    expect_error([&] { load_adapters(cpu, dir / "adapter", {}, network); }, code,
                 ExitCode::kBadInput, mentions);
  }

  nlohmann::json record() { return nlohmann::json::parse(testing::read_text(json_file())); }
  void write(const nlohmann::json& record) { testing::write_text(json_file(), record.dump()); }
  std::filesystem::path json_file() const { return dir / "adapter/adapter.json"; }

  TemporaryDirectory dir;
  Cpu cpu{1};
  Network<Cpu> network = folded_model(cpu);
};

TEST_F(LoraRefusals, AnotherBaseModel) {
  network.parameters.layers[1].weight[Linear::kUp].data()[5] += 1e-6f;
  refuse("AD-02", {"adapter", "base model"});
}

TEST_F(LoraRefusals, AnUnfoldedBaseModel) {
  network = test::talkative_network(cpu, test::generating_shape());
  refuse("AD-02", {"adapter", "base model"});
}

TEST_F(LoraRefusals, AnotherSeed) {
  auto changed = record();
  changed["rotation"]["seed"] = 12;
  write(changed);
  refuse("AD-03", {"adapter", "seed"});
}

TEST_F(LoraRefusals, ChangedTensors) {
  std::string bytes = testing::read_text(dir / "adapter/adapter.safetensors");
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  testing::write_text(dir / "adapter/adapter.safetensors", bytes);
  refuse("AD-04", {"adapter.safetensors", "changed"});
  std::filesystem::remove(dir / "adapter/adapter.safetensors");
  refuse("AD-04", {"adapter.safetensors"});
}

// The hash of the file is right, but another rank is asked for.
TEST_F(LoraRefusals, TensorsOfAnotherShape) {
  auto changed = record();
  changed["r"] = 4;
  write(changed);
  refuse("AD-04", {"lora_A", "[3, 24]", "[4, 24]"});
}

TEST_F(LoraRefusals, ValuesThatAreNotFinite) {
  std::filesystem::remove_all(dir / "adapter");
  save(cpu, "1001", dir / "adapter", std::nanf(""));
  refuse("AD-04", {"layers.0.self_attn.q_proj.lora_A.weight", "not finite"});
}

TEST_F(LoraRefusals, MoreTargetsThanTensors) {
  auto changed = record();
  changed["targets"].push_back("mlp.up_proj");
  write(changed);
  refuse("AD-04", {"mlp.up_proj.lora_A.weight", "no such tensor"});
}

TEST_F(LoraRefusals, MissingKeysAndWrongValues) {
  const nlohmann::json good = record();
  for (const char* key : {"format_version", "r", "alpha", "targets", "seed", "rotation",
                          "base_xxh3_128", "rotated_base_xxh3_128", "adapter_xxh3_128"}) {
    auto changed = good;
    changed.erase(key);
    write(changed);
    refuse("AD-01", {std::string("adapter.json:/") + key});
  }
  const std::vector<std::pair<const char*, nlohmann::json>> wrong{
      {"format_version", 2},
      {"r", 0},
      {"r", "3"},
      {"r", 3.5},
      {"seed", -1},
      {"alpha", "x"},
      {"targets", nullptr},
      {"seed", "x"},
      {"targets", nlohmann::json::array()}};
  for (const auto& [key, value] : wrong) {
    auto changed = good;
    changed[key] = value;
    write(changed);
    refuse("AD-01", {std::string("adapter.json:/") + key});
  }
  auto changed = good;
  changed["targets"][1] = "self_attn.w_proj";
  write(changed);
  refuse("AD-01", {"adapter.json:/targets/1", "w_proj"});
}

TEST_F(LoraRefusals, TextThatIsNotJsonAndFilesThatAreNotThere) {
  testing::write_text(json_file(), "{\"r\": 3,}");
  refuse("AD-01", {"adapter.json:1:"});
  std::filesystem::remove(json_file());
  refuse("AD-01", {"adapter.json"});
}

}  // namespace
}  // namespace trainer
