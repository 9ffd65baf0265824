// logit_lines DIR [activations]: for each line of token ids on stdin, the logits of all its
// positions as one line of numbers, with an unquantized cache whatever roste.json says, and without
// a second argument with unquantized activations; weights as the model multiplies them. Not a test:
// the programs that read exported models compare.
#include <cstdio>
#include <iostream>
#include <sstream>

#include "reference_trainer/model/batch_input.h"
#include "reference_trainer/model/model_files.h"
#include "reference_trainer/model/transformer.h"

using namespace trainer;

namespace {

Tensor<Cpu> logits_of(Cpu& cpu, const Network<Cpu>& network, const std::vector<TokenId>& tokens) {
  SftSample sample;
  sample.tokens = tokens;
  sample.tokens.push_back(0);  // the last token of a sample is only predicted
  sample.target.assign(sample.tokens.size(), 1);
  const SftSample* samples[] = {&sample};
  ModelInput<Cpu> input;
  load_batch(cpu, make_batch(samples), input);
  Activations<Cpu> acts(network.plan.shape, Keep::kOneLayer);
  transformer_forward(cpu, network, input, acts);
  Tensor<Cpu> logits;
  lm_head_forward(cpu, acts.final_hidden, network.parameters.lm_head(), logits);
  return logits;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  Cpu cpu(1);
  Network<Cpu> network = load_network(cpu, argv[1], NonFinite::kReject);
  network.plan.quant.kv.bits = 16;
  if (argc == 2) network.plan.quant.activation.bits = 16;
  update_effective_weights(cpu, network);
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::vector<TokenId> tokens;
    for (TokenId id; words >> id;) tokens.push_back(id);
    const Tensor<Cpu> logits = logits_of(cpu, network, tokens);
    for (std::int64_t i = 0; i < logits.size(); ++i) std::printf("%.9g ", logits.data()[i]);
    std::printf("\n");
  }
}
