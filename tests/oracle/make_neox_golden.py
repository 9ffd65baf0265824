"""Tiny GPT-NeoX (Pythia) models with their logits, loss and gradients, as golden files.

The arithmetic is that of transformers' GPTNeoXForCausalLM in float32 on one thread. Gradients are
written under the names that this project uses inside (q, k and v apart, as in a Llama checkpoint).
Usage: make_neox_golden.py [golden directory]
"""

import json
import pathlib
import sys
from dataclasses import dataclass

import torch
from make_llama_golden import VOCAB, check_gradient, check_reload, draw_tokens, expected
from safetensors.torch import load_file, save_file
from transformers import GPTNeoXConfig, GPTNeoXForCausalLM

MODULES = {"attention.dense": "self_attn.o_proj", "mlp.dense_h_to_4h": "mlp.up_proj",
           "mlp.dense_4h_to_h": "mlp.down_proj", "input_layernorm": "input_layernorm",
           "post_attention_layernorm": "post_attention_layernorm"}
OUTSIDE = {"gpt_neox.embed_in": "model.embed_tokens", "lm_head": "lm_head",
           "gpt_neox.final_layer_norm": "model.norm"}


@dataclass
class Golden:
    name: str
    seed: int
    keys: str  # "v4" or "v5": the spelling of config.json's keys by transformers' major version
    config: GPTNeoXConfig


def neox(fraction, theta=10000.0, **changes):
    settings = dict(
        vocab_size=VOCAB, hidden_size=32, intermediate_size=56, num_hidden_layers=2,
        num_attention_heads=4, max_position_embeddings=64, layer_norm_eps=1e-5, hidden_act="gelu",
        bos_token_id=1, eos_token_id=2, pad_token_id=None, tie_word_embeddings=False,
        hidden_dropout=0.0, attention_dropout=0.0,
        rope_parameters={"rope_type": "default", "rope_theta": theta,
                         "partial_rotary_factor": fraction})
    return GPTNeoXConfig(**{**settings, **changes})


def goldens():
    return [
        Golden("parallel", 21, "v4", neox(0.25)),
        Golden("sequential", 22, "v5", neox(
            0.5, theta=500.0, hidden_size=24, intermediate_size=64, num_attention_heads=3,
            use_parallel_residual=False, layer_norm_eps=1e-6)),
        Golden("tied_no_bias", 23, "v4", neox(
            1.0, attention_bias=False, tie_word_embeddings=True)),
    ]


def draw_weights(model, generator, tied):
    """Random weights with unequal channels and a mean, gains around one, biases not zero."""
    for name, parameter in model.named_parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        if "norm" in name and name.endswith(".weight"):
            value = 1 + 0.3 * noise
        elif name.endswith(".bias"):
            value = 0.3 + 0.4 * noise
        elif "embed_in" in name:
            value = (0.35 if tied else 0.8) * (noise + 0.5)
        else:
            value = 1.4 * noise / parameter.shape[1] ** 0.5 + 0.05
        parameter.data.copy_(value)


def split_fused(values, heads):
    """[heads * 3 * head_dim, ...] to q, k and v, each [heads * head_dim, ...]."""
    by_head = values.reshape(heads, 3, values.shape[0] // (3 * heads), *values.shape[1:])
    return [by_head[:, i].reshape(-1, *values.shape[1:]).contiguous() for i in range(3)]


def renamed_gradients(values, heads):
    out = {k: v for k, v in values.items() if not k.startswith("grad.")}
    for key in (k for k in values if k.startswith("grad.")):
        module, kind = key.removeprefix("grad.").rsplit(".", 1)
        if module in OUTSIDE:
            out[f"grad.{OUTSIDE[module]}.{kind}"] = values[key]
            continue
        layer, inner = module.removeprefix("gpt_neox.layers.").split(".", 1)
        prefix = f"grad.model.layers.{layer}."
        if inner == "attention.query_key_value":
            for letter, part in zip("qkv", split_fused(values[key], heads)):
                out[f"{prefix}self_attn.{letter}_proj.{kind}"] = part
        else:
            out[f"{prefix}{MODULES[inner]}.{kind}"] = values[key]
    return out


def write_config(config, directory, keys):
    text = json.loads(config.to_json_string(use_diff=False))
    wanted = ["architectures", "model_type", "vocab_size", "hidden_size", "intermediate_size",
              "num_hidden_layers", "num_attention_heads", "hidden_act", "max_position_embeddings",
              "layer_norm_eps", "use_parallel_residual", "attention_bias", "tie_word_embeddings",
              "bos_token_id", "eos_token_id"]
    out = {key: text[key] for key in wanted}
    rope = text["rope_parameters"]
    if keys == "v4":
        out |= {"rotary_pct": rope["partial_rotary_factor"], "rotary_emb_base": rope["rope_theta"],
                "torch_dtype": "float32"}
    else:
        out |= {"rope_parameters": rope, "dtype": "float32"}
    (directory / "config.json").write_text(json.dumps(out, indent=2, sort_keys=True) + "\n")


def make(golden, root):
    directory = root / ("neox_" + golden.name)
    directory.mkdir(parents=True, exist_ok=True)
    generator = torch.Generator().manual_seed(golden.seed)
    golden.config._attn_implementation = "eager"
    golden.config.architectures = ["GPTNeoXForCausalLM"]
    golden.config.dtype = torch.float32
    model = GPTNeoXForCausalLM(golden.config).float()
    draw_weights(model, generator, golden.config.tie_word_embeddings)
    tokens, targets = draw_tokens(generator)
    values = expected(model, tokens, targets)
    write_config(golden.config, directory, golden.keys)
    weights = {n.replace("lm_head", "embed_out"): p.detach().contiguous()
               for n, p in model.named_parameters()}  # the name in files
    save_file(weights, directory / "model.safetensors", {"format": "pt"})
    check_reload(directory, values)
    heads = golden.config.num_attention_heads
    save_file(renamed_gradients(values, heads), directory / "expected.safetensors")
    for file in directory.glob("*.safetensors"):
        file.chmod(0o644)
    check_gradient(model, values)
    logits = load_file(directory / "expected.safetensors")["logits"]
    print(f"{golden.name}: loss {values['loss'].item():.6f}, logits rms {logits.std():.2f}, "
          f"largest {logits.abs().max():.2f}")


def main():
    torch.set_num_threads(1)
    here = pathlib.Path(__file__).resolve().parent
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else here.parent / "golden"
    for golden in goldens():
        make(golden, root)


if __name__ == "__main__":
    main()
