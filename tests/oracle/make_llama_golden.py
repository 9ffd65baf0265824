"""Four tiny Hugging Face models with their logits, loss and gradients, as golden files.

The arithmetic is that of transformers' LlamaForCausalLM and Qwen2ForCausalLM in float32 on one
thread. Usage: make_llama_golden.py [golden directory]
"""

import json
import pathlib
import sys
from dataclasses import dataclass

import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM
from transformers import Qwen2Config, Qwen2ForCausalLM

VOCAB, SEQUENCES, TOKENS = 48, 2, 10


@dataclass
class Golden:
    name: str
    seed: int
    keys: str  # "v4" or "v5": the spelling of config.json's keys by transformers' major version
    config: object
    dtype: torch.dtype = torch.float32
    shards: int = 1


def llama(**changes):
    settings = dict(
        vocab_size=VOCAB, hidden_size=32, intermediate_size=56, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, head_dim=8, max_position_embeddings=64,
        rms_norm_eps=1e-5, bos_token_id=1, eos_token_id=2, pad_token_id=None,
        rope_parameters={"rope_type": "default", "rope_theta": 10000.0})
    return LlamaConfig(**{**settings, **changes})


def theta(value):
    return {"rope_type": "default", "rope_theta": value}


def goldens():
    return [
        Golden("tied_gqa", 11, "v4", llama(tie_word_embeddings=True)),
        Golden("untied_mha_bias", 12, "v5", llama(
            hidden_size=24, intermediate_size=112, num_attention_heads=3, num_key_value_heads=3,
            attention_bias=True, mlp_bias=True, tie_word_embeddings=False, rms_norm_eps=1e-6,
            rope_parameters=theta(500.0))),
        Golden("qwen2", 13, "v5", Qwen2Config(
            vocab_size=VOCAB, hidden_size=32, intermediate_size=56, num_hidden_layers=2,
            num_attention_heads=2, num_key_value_heads=1, max_position_embeddings=64,
            rms_norm_eps=1e-6, tie_word_embeddings=False, bos_token_id=1, eos_token_id=2,
            rope_parameters=theta(10000.0)), shards=2),
        Golden("bf16", 14, "v4", llama(tie_word_embeddings=False, rope_parameters=theta(500.0)),
               dtype=torch.bfloat16),
    ]


def draw_weights(model, generator, tied):
    """Random weights with unequal channels, gains around one, biases not zero."""
    for name, parameter in model.named_parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        if name.endswith("norm.weight"):
            value = 1 + 0.3 * noise
        elif name.endswith(".bias"):
            value = 0.4 * noise
        elif "embed_tokens" in name:
            value = (0.35 if tied else 0.8) * noise  # a tied table is the head too
        else:
            value = 1.4 * noise / parameter.shape[1] ** 0.5
        parameter.data.copy_(value)


def draw_tokens(generator):
    """Tokens [S, T] and the token each position has to predict, -1 where none."""
    tokens = torch.randint(0, VOCAB, (SEQUENCES, TOKENS), generator=generator)
    targets = torch.full_like(tokens, -1)
    targets[:, :-1] = tokens[:, 1:]
    targets[0, :4] = -1  # a prompt of five tokens
    targets[1, :2] = -1
    return tokens, targets


def expected(model, tokens, targets):
    logits = model(input_ids=tokens).logits
    loss = torch.nn.functional.cross_entropy(
        logits.flatten(0, 1), targets.flatten(), ignore_index=-1)
    loss.backward()
    out = {"tokens": tokens.int(), "targets": targets.int(),
           "logits": logits.detach(), "loss": loss.detach().reshape(1)}
    for name, parameter in model.named_parameters():
        out["grad." + name] = parameter.grad
    return out


def write_config(config, directory, keys):
    text = json.loads(config.to_json_string(use_diff=False))
    wanted = ["architectures", "model_type", "vocab_size", "hidden_size", "intermediate_size",
              "num_hidden_layers", "num_attention_heads", "num_key_value_heads", "head_dim",
              "hidden_act", "max_position_embeddings", "rms_norm_eps", "attention_bias", "mlp_bias",
              "tie_word_embeddings", "bos_token_id", "eos_token_id", "use_sliding_window"]
    out = {key: text[key] for key in wanted if key in text}
    dtype = str(config.dtype).removeprefix("torch.")
    if keys == "v4":
        out |= {"rope_theta": text["rope_parameters"]["rope_theta"], "rope_scaling": None,
                "torch_dtype": dtype}
    else:
        out |= {"rope_parameters": text["rope_parameters"], "dtype": dtype}
    (directory / "config.json").write_text(json.dumps(out, indent=2, sort_keys=True) + "\n")


def write_weights(weights, directory, shards):
    for old in directory.glob("model*"):
        old.unlink()
    if shards == 1:
        save_file(weights, directory / "model.safetensors", {"format": "pt"})
        return
    names = sorted(weights)
    cuts = [len(names) * i // shards for i in range(shards + 1)]
    weight_map = {}
    for i in range(shards):
        file = f"model-{i + 1:05}-of-{shards:05}.safetensors"
        part = {name: weights[name] for name in names[cuts[i]:cuts[i + 1]]}
        save_file(part, directory / file, {"format": "pt"})
        weight_map |= {name: file for name in part}
    size = sum(w.numel() * w.element_size() for w in weights.values())
    index = {"metadata": {"total_size": size}, "weight_map": weight_map}
    text = json.dumps(index, indent=2, sort_keys=True)
    (directory / "model.safetensors.index.json").write_text(text + "\n")


def stored_weights(model, golden):
    weights = {n: p.detach().to(golden.dtype).contiguous() for n, p in model.named_parameters()}
    assert ("lm_head.weight" in weights) != bool(golden.config.tie_word_embeddings)
    return weights


def check_reload(directory, golden_values):
    """What was written loads in transformers and gives the same logits."""
    model = AutoModelForCausalLM.from_pretrained(
        directory, dtype=torch.float32, attn_implementation="eager")
    logits = model(input_ids=golden_values["tokens"].long()).logits
    assert torch.equal(logits, golden_values["logits"]), directory


def check_gradient(model, golden_values):
    """The slope along the gradient is its length (1e-3: the norms compute in float32)."""
    model = model.double()
    tokens, targets = golden_values["tokens"].long(), golden_values["targets"].long()

    def loss():
        logits = model(input_ids=tokens).logits
        return torch.nn.functional.cross_entropy(
            logits.flatten(0, 1), targets.flatten(), ignore_index=-1)

    step, values = 1e-3, []
    with torch.no_grad():
        gradients = {n: golden_values["grad." + n].double() for n, _ in model.named_parameters()}
        norm = sum(g.square().sum() for g in gradients.values()).sqrt()
        for sign in (1, -2):
            for name, parameter in model.named_parameters():
                parameter += sign * step * gradients[name] / norm
            values.append(loss())
    slope = (values[0] - values[1]) / (2 * step)
    assert abs(slope / norm - 1) < 1e-3, (slope, norm)


def make(golden, root):
    directory = root / ("llama_" + golden.name)
    directory.mkdir(parents=True, exist_ok=True)
    generator = torch.Generator().manual_seed(golden.seed)
    kind = Qwen2ForCausalLM if isinstance(golden.config, Qwen2Config) else LlamaForCausalLM
    golden.config._attn_implementation = "eager"
    golden.config.architectures = [kind.__name__]
    golden.config.dtype = golden.dtype
    model = kind(golden.config).float()
    draw_weights(model, generator, golden.config.tie_word_embeddings)
    for parameter in model.parameters():
        parameter.data.copy_(parameter.data.to(golden.dtype).float())
    tokens, targets = draw_tokens(generator)
    values = expected(model, tokens, targets)
    write_config(golden.config, directory, golden.keys)
    write_weights(stored_weights(model, golden), directory, golden.shards)
    save_file(values, directory / "expected.safetensors")
    for file in directory.glob("*.safetensors"):
        file.chmod(0o644)
    check_reload(directory, load_file(directory / "expected.safetensors"))
    check_gradient(model, values)
    logits = values["logits"]
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
