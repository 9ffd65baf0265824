"""Does the package gguf read what `export --format gguf` wrote?

  read_gguf.py EXPORTED FLOATS [llama.cpp | TEXT]

FLOATS is the same model by `export --format hf` (with the same --export_weights; `quantized` for
q4_1): every tensor must lie within the bound of its type. With a third argument llama.cpp (package
xllamacpp) runs the model: its probabilities are compared with those of FLOATS in transformers, or
its greedy continuation of an empty text with the file TEXT.
"""
import json
import sys

import gguf
import numpy as np
from safetensors.numpy import load_file

HALF = 2.0**-11


def hf_names(config, arch):
    names = {"token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head"}
    parts = {"attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm",
             "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj",
             "attn_output": "self_attn.o_proj", "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj",
             "ffn_down": "mlp.down_proj"}
    if arch == "gptneox":
        names = {"token_embd": "gpt_neox.embed_in", "output_norm": "gpt_neox.final_layer_norm",
                 "output": "embed_out"}
        parts = {"attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm",
                 "attn_qkv": "attention.query_key_value", "attn_output": "attention.dense",
                 "ffn_up": "mlp.dense_h_to_4h", "ffn_down": "mlp.dense_4h_to_h"}
    prefix = "gpt_neox.layers" if arch == "gptneox" else "model.layers"
    for i in range(config["num_hidden_layers"]):
        for ours, theirs in parts.items():
            names[f"blk.{i}.{ours}"] = f"{prefix}.{i}.{theirs}"
    return names


def permuted(arch, name, w, config):
    """As llama.cpp's own converter orders the rows of q, k and the fused tensor."""
    heads = config["num_attention_heads"]
    if arch == "gptneox" and "attn_qkv" in name:
        parts = w.reshape(heads, 3, -1, *w.shape[1:])
        return np.concatenate([parts[:, i].reshape(-1, *w.shape[1:]) for i in range(3)])
    if arch != "llama" or not ("attn_q." in name or "attn_k." in name):
        return w
    n = heads if "attn_q." in name else config["num_key_value_heads"]
    return w.reshape(n, 2, w.shape[0] // n // 2, *w.shape[1:]).swapaxes(1, 2).reshape(w.shape)


def bound(kind, w, values):
    if kind == gguf.GGMLQuantizationType.F32:
        return np.zeros_like(w)
    if kind == gguf.GGMLQuantizationType.F16:
        return np.maximum(np.abs(w) * HALF, 2.0**-25)
    blocks = w.reshape(-1, 32)
    if kind == gguf.GGMLQuantizationType.Q8_0:
        d = np.abs(blocks).max(1, keepdims=True) / 127
        return (d / 2 * (1 + 2**-20) + np.maximum(np.abs(blocks) * HALF, 127 * 2.0**-25)).reshape(w.shape)
    # Q4_1: 2^-11 (u s + |m|), u s = x - m, and for fp16 below 2^-14 (15 + 1) 2^-25
    m = np.repeat(values, 32, 1)
    return ((np.abs(blocks - m) + np.abs(m)) * HALF * (1 + 2**-9) + 16 * 2.0**-25).reshape(w.shape)


def minima(tensor):
    blocks = np.asarray(tensor.data).reshape(-1, 20)
    return blocks[:, 2:4].copy().view(np.float16).astype(np.float32)


def check(exported, floats):
    reader = gguf.GGUFReader(f"{exported}/model.gguf")
    arch = reader.fields["general.architecture"].contents()
    config = json.load(open(f"{floats}/config.json"))
    expected = load_file(f"{floats}/model.safetensors")
    names = hf_names(config, arch)
    worst, kinds, bad = 0.0, {}, []
    for tensor in reader.tensors:
        if tensor.name == "rope_freqs.weight":  # llama.cpp's probabilities depend on it
            continue
        module, kind = tensor.name.rsplit(".", 1)
        source = f"{names[module]}.{kind}"
        if source not in expected:  # GPT-NeoX with a tied head
            source = "gpt_neox.embed_in.weight"
        w = permuted(arch, tensor.name, expected.pop(source) if tensor.name != "output.weight" else expected[source], config)
        got = gguf.quants.dequantize(tensor.data, tensor.tensor_type).reshape(w.shape).astype(np.float64)
        values = minima(tensor) if tensor.tensor_type == gguf.GGMLQuantizationType.Q4_1 else None
        limit = bound(tensor.tensor_type, w.astype(np.float64), values)
        error = np.abs(got - w)
        if (error > limit).any():
            bad.append(tensor.name)
        worst = max(worst, float((error / np.maximum(limit, 1e-300)).max()) if limit.any() else float(error.max()))
        kinds[tensor.tensor_type.name] = kinds.get(tensor.tensor_type.name, 0) + 1
    left = [n for n in expected if not n.startswith(("lm_head", "embed_out"))]
    tokens = reader.fields.get("tokenizer.ggml.tokens")
    print(f"{exported}: {arch}, {kinds}, {len(tokens.data) if tokens else 0} tokens, missing {left}, "
          f"beyond the bound {bad}, largest error / bound {worst:.3f}")


def server_of(exported):
    import xllamacpp as xlc
    p = xlc.CommonParams()
    p.model.path = f"{exported}/model.gguf"
    p.n_ctx, p.cpuparams.n_threads, p.n_parallel, p.warmup, p.verbosity = 256, 1, 1, False, 0
    return xlc.Server(p)


def compare_probabilities(exported, floats):
    import torch
    from transformers import AutoModelForCausalLM
    model = AutoModelForCausalLM.from_pretrained(floats).float().eval()
    prompt = [5, 77, 130, 201, 33, 350, 400, 12]
    r = server_of(exported).handle_completions({"prompt": prompt, "max_tokens": 1, "temperature": 0, "n_probs": 10,
                                                "cache_prompt": False})
    likely = r["choices"][0]["logprobs"]["content"][0]["top_logprobs"]
    with torch.no_grad():
        expected = model(torch.tensor([prompt])).logits[0, -1].log_softmax(-1)
    worst = max(abs(expected[t["id"]].item() - t["logprob"]) for t in likely)
    print(f"llama.cpp: ten most likely tokens after {r['usage']['prompt_tokens']}, largest difference of a "
          f"log-probability {worst:.2g}")


def continue_greedily(exported, text):
    r = server_of(exported).handle_completions({"prompt": [1], "max_tokens": 200, "temperature": 0, "top_k": 1,
                                                "cache_prompt": False})
    got, expected = r["choices"][0]["text"].strip(), open(text).read().strip()
    same = next((i for i, (a, b) in enumerate(zip(got, expected)) if a != b), min(len(got), len(expected)))
    print(f"llama.cpp: {len(got)} characters, the first {same} of {len(expected)} are the expected ones")


if __name__ == "__main__":
    check(sys.argv[1], sys.argv[2])
    if len(sys.argv) > 3 and sys.argv[3] == "llama.cpp":
        compare_probabilities(sys.argv[1], sys.argv[2])
    elif len(sys.argv) > 3:
        continue_greedily(sys.argv[1], sys.argv[3])
