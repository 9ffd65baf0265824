"""One tiny model of every architecture that the trainer reads, as transformers itself saves it.

save_pretrained writes each directory; beside it stand the same configuration with the keys of
transformers v4, and the answers of the float32 model: logits, gradients, greedy generations.
Usage: make_family_golden.py [golden directory]
"""

import json
import pathlib
import shutil
import sys
import tempfile

import torch
from make_llama_golden import expected
from make_neox_golden import renamed_gradients
from safetensors.torch import save_file
from transformers import (AutoModelForCausalLM, GPTNeoXConfig, LlamaConfig, Qwen2Config)

VOCAB, SEQUENCES, TOKENS, GENERATED = 32, 2, 8, 40
COMMON = dict(vocab_size=VOCAB, hidden_size=16, intermediate_size=24, num_hidden_layers=2,
              num_attention_heads=2, max_position_embeddings=256, bos_token_id=1, eos_token_id=2,
              pad_token_id=None)
# Frequencies 1, 0.1, 0.01, 0.001 make 20, 2.0, 0.2 and 0.02 turns: fast, between, slow, slow.
LLAMA3_ROPE = {"rope_type": "llama3", "rope_theta": 10000.0, "factor": 8.0, "low_freq_factor": 1.0,
               "high_freq_factor": 4.0, "original_max_position_embeddings": 128}


def llama(**changes):
    return LlamaConfig(**{**COMMON, "num_key_value_heads": 2, "rms_norm_eps": 1e-5,
                          "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0},
                          "tie_word_embeddings": False, **changes})


def qwen2(tied):
    return Qwen2Config(**COMMON, num_key_value_heads=1, rms_norm_eps=1e-6, tie_word_embeddings=tied,
                       use_sliding_window=False,
                       rope_parameters={"rope_type": "default", "rope_theta": 1000000.0})


def neox(parallel, bias):
    return GPTNeoXConfig(**COMMON, layer_norm_eps=1e-5, hidden_act="gelu",
                         use_parallel_residual=parallel, attention_bias=bias,
                         tie_word_embeddings=False,
                         rope_parameters={"rope_type": "default", "rope_theta": 10000.0,
                                          "partial_rotary_factor": 0.25})


def families():
    return {
        "llama2": llama(),
        "llama31": llama(num_key_value_heads=1, rope_parameters=dict(LLAMA3_ROPE),
                         eos_token_id=[2, 5]),
        "llama32": llama(num_key_value_heads=1, rope_parameters=dict(LLAMA3_ROPE), head_dim=8,
                         tie_word_embeddings=True),
        "qwen2_tied": qwen2(True),
        "qwen2_untied": qwen2(False),
        "neox_parallel": neox(True, True),
        "neox_parallel_no_bias": neox(True, False),
        "neox_sequential": neox(False, True),
        "neox_sequential_no_bias": neox(False, False),
    }


def draw_weights(model, generator, tied):
    """On the bfloat16 grid: channels unequal, gains around one, biases and means not zero."""
    for name, parameter in model.named_parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        if "norm" in name and name.endswith(".weight"):
            value = 1 + 0.3 * noise
        elif name.endswith(".bias"):
            value = 0.2 + 0.4 * noise
        elif "embed" in name and "out" not in name:
            value = (0.5 if tied else 0.8) * (noise + 0.3)
        else:
            value = 1.6 * noise / parameter.shape[1] ** 0.5 + 0.05
        parameter.data.copy_(value.bfloat16().float())


def with_v4_keys(text):
    out = {k: v for k, v in text.items() if k not in ("rope_parameters", "dtype", "layer_types")}
    rope = dict(text["rope_parameters"])
    theta = rope.pop("rope_theta")
    fraction = rope.pop("partial_rotary_factor", None)
    out["rope_scaling"] = rope if rope["rope_type"] != "default" else None
    if text["model_type"] == "gpt_neox":
        out |= {"rotary_emb_base": theta, "rotary_pct": fraction}
    else:
        out["rope_theta"] = theta
    return out | {"torch_dtype": text["dtype"], "transformers_version": "4.40.1"}


def generations(model, tokens):
    """Greedy continuations, and the smallest lead of a chosen token over the second."""
    out = model.generate(tokens, attention_mask=torch.ones_like(tokens), do_sample=False,
                         max_new_tokens=GENERATED, pad_token_id=0, output_logits=True,
                         return_dict_in_generate=True)
    best = torch.stack(out.logits).topk(2).values
    return out.sequences[:, TOKENS:], (best[..., 0] - best[..., 1]).min()


def draw(config, seed):
    """A model and tokens whose generations are long, hang on no rounding, and do not just repeat."""
    generator = torch.Generator().manual_seed(seed)
    model = AutoModelForCausalLM.from_config(config, attn_implementation="eager").float().eval()
    draw_weights(model, generator, config.tie_word_embeddings)
    tokens = torch.randint(6, VOCAB, (SEQUENCES, TOKENS), generator=generator)
    with torch.no_grad():
        generated, lead = generations(model, tokens)
        largest = model(input_ids=tokens).logits.abs().max()
    long = generated.shape[1] == GENERATED and not torch.isin(generated, torch.tensor([2, 5])).any()
    varied = all(len(set(row.tolist())) >= 4 for row in generated)
    return model, tokens, generated, bool(long and varied and lead > 2e-3 * largest)


def check_reload(directory, tokens, logits):
    """Both spellings of the configuration load in transformers and give the same logits."""
    for name in ("config.json", "config_v4.json"):
        with tempfile.TemporaryDirectory() as copy:
            shutil.copy(directory / name, pathlib.Path(copy) / "config.json")
            shutil.copy(directory / "model.safetensors", copy)
            model = AutoModelForCausalLM.from_pretrained(copy, dtype=torch.float32,
                                                         attn_implementation="eager")
            assert torch.equal(model(input_ids=tokens).logits, logits), (directory, name)


def check_rope(config, model, tokens, logits):
    """The scaling changes something that the golden shows."""
    if config.rope_parameters["rope_type"] == "default":
        return
    plain = type(config)(**{**config.to_dict(), "rope_parameters": {
        "rope_type": "default", "rope_theta": 10000.0}})
    twin = AutoModelForCausalLM.from_config(plain, attn_implementation="eager").float().eval()
    twin.load_state_dict(model.state_dict())
    change = (twin(input_ids=tokens).logits - logits).abs().max() / logits.abs().max()
    assert change > 1e-2, change


def make(name, config, root):
    directory = root / ("family_" + name)
    shutil.rmtree(directory, ignore_errors=True)
    for seed in range(1000):
        model, tokens, generated, good = draw(config, seed)
        if good:
            break
    targets = torch.full_like(tokens, -1)
    targets[:, 2:-1] = tokens[:, 3:]
    values = expected(model, tokens, targets)
    check_rope(config, model, tokens, values["logits"])
    if config.model_type == "gpt_neox":
        values = renamed_gradients(values, config.num_attention_heads)
    # Of copies: gradients follow the model to bfloat16. What layer 0 has hangs on layer 1.
    values = {k: v.clone() for k, v in values.items() if "layers.1." not in k}
    model.bfloat16().save_pretrained(directory)  # every value is on the grid
    save_file({**values, "generated": generated.int().contiguous()},
              directory / "expected.safetensors")
    text = json.loads((directory / "config.json").read_text())
    (directory / "config_v4.json").write_text(json.dumps(with_v4_keys(text), indent=2) + "\n")
    check_reload(directory, tokens, values["logits"])
    for file in directory.iterdir():
        file.chmod(0o644)
    print(f"{name}: seed {seed}, largest logit {values['logits'].abs().max():.2f}, "
          f"generated {generated[0, :12].tolist()} ...")


def main():
    torch.set_num_threads(1)
    here = pathlib.Path(__file__).resolve().parent
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else here.parent / "golden"
    for name, config in families().items():
        make(name, config, root)


if __name__ == "__main__":
    main()
