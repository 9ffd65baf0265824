// `generate`: the greedy continuation of one prompt.
#include "reference_trainer/eval/generate.h"
#include "reference_trainer/base/error.h"
#include "reference_trainer/commands/commands.h"
#include "reference_trainer/commands/session.h"
#include "reference_trainer/data/sft_dataset_encode.h"

namespace trainer {
namespace {

// The prompt's tokens: text as it is, where an empty one starts from BOS, or a user's message.
template <Backend B>
TokenSequence prompt_tokens(const Session<B>& session, const CommandLine& line) {
  const std::string& prompt = line.generation.prompt;
  if (line.generation.chat_template) {
    const SpecialTokens special{session.shape().eos_token_ids};
    return SftEncoder(session.tokenizer, special, line.data.reading).encode_prompt(prompt);
  }
  TokenSequence tokens;
  if (!prompt.empty()) tokens = session.tokenizer.encode(prompt);
  if (tokens.empty() && session.shape().bos_token_id)
    tokens.push_back(*session.shape().bos_token_id);
  if (tokens.empty()) {
    throw_usage(
        {"CL-09", "--prompt", "an empty prompt for a model without a BOS token", "text", ""});
  }
  return tokens;
}

}  // namespace

template <Backend B>
void generate_command(B& backend, const CommandLine& line) {
  const Session<B> session = load_session(backend, line);
  const std::vector<TokenSequence> prompts{prompt_tokens(session, line)};
  const auto needed = static_cast<std::int64_t>(prompts[0].size()) + line.generation.max_new_tokens;
  const std::int64_t context = session.shape().max_positions;
  if (context > 0 && needed > context) {
    throw_usage(
        {"CL-03", "--max_new_tokens",
         std::to_string(needed) + " tokens with the prompt's " + std::to_string(prompts[0].size()),
         "at most the model's context of " + std::to_string(context), ""});
  }
  const GenerationSettings settings{line.generation.max_new_tokens, session.shape().eos_token_ids};
  const auto generated = generate_greedy<B>(backend, session.network, prompts, settings, 1, {});
  print_result(session.tokenizer.decode_continuation(prompts[0], generated[0]));
}

template void generate_command(Cpu&, const CommandLine&);

}  // namespace trainer
