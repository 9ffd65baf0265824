"""Do transformers and compressed-tensors read what `export --format compressed-tensors` wrote?

  read_compressed_tensors.py build/release/tests/logit_lines QUANTIZED EXPORTED VALUES

VALUES is the same model written by `quantize --weights_format values`: the floats that our forward
pass multiplies. Prints how many of the dequantized weights differ in a bit, and the largest
difference of a logit, without and with quantized activations (there a tie of rounding is seen).

The model is loaded with dequantize=True: transformers 5.23 with compressed-tensors 0.20 makes room
for unpacked zero points otherwise, and refuses every packed asymmetric model, also those that
compressed-tensors has packed. R4 is applied as its reader does: apply_transform_config, then the
matrices from the file.
"""
import copy
import json
import sys

import torch
from compressed_tensors.quantization import QuantizationConfig, apply_quantization_config
from compressed_tensors.transform import TransformConfig, apply_transform_config
from read_hf import our_logits, probe_tokens
from safetensors import safe_open
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, CompressedTensorsConfig


def apply_rotations(model, stored, exported):
    if not stored:
        return 0
    apply_transform_config(model, TransformConfig.model_validate(stored))
    loaded = 0
    with safe_open(f"{exported}/model.safetensors", "pt") as file, torch.no_grad():
        parameters = dict(model.named_parameters())
        for name in file.keys():
            if name.endswith("_input.weight"):
                parameters[name].copy_(file.get_tensor(name))
                loaded += 1
    return loaded


def quantize_activations(model, stored):
    config = {k: copy.deepcopy(v) for k, v in stored.items() if k not in ("transform_config", "sparsity_config")}
    config["quantization_status"] = "frozen"
    for group in config["config_groups"].values():
        group["weights"] = None
    inputs = sum(g["input_activations"] is not None for g in config["config_groups"].values())
    apply_quantization_config(model, QuantizationConfig.model_validate(config))
    return inputs


if __name__ == "__main__":
    program, source, exported, values = sys.argv[1:]
    stored = json.load(open(f"{exported}/config.json"))["quantization_config"]
    model = AutoModelForCausalLM.from_pretrained(
        exported, dtype=torch.float32, quantization_config=CompressedTensorsConfig(dequantize=True)).eval()
    expected = load_file(f"{values}/model.safetensors")
    weights = dict(model.named_parameters())
    linears = [n for n in expected if n.endswith("_proj.weight")]
    different = sum((weights[n].view(torch.int32) != expected[n].view(torch.int32)).sum().item() for n in linears)
    count = sum(expected[n].numel() for n in linears)
    tokens = probe_tokens(model.config.vocab_size)
    matrices = apply_rotations(model, stored["transform_config"], exported)
    ours = our_logits(program, source, tokens)
    with torch.no_grad():
        theirs = model(torch.tensor(tokens)).logits
        line = (f"{exported}: {len(linears)} linears, {different} of {count} weights differ in a bit; {matrices} "
                f"rotations; largest logit {ours.abs().max():.4g}, difference {(ours - theirs).abs().max():.3g}")
        if quantize_activations(model, stored):
            theirs = model(torch.tensor(tokens)).logits
            difference = (our_logits(program, source, tokens, "activations") - theirs).abs()
            line += f"; quantized activations: mean {difference.mean():.3g}, largest {difference.max():.3g}"
    print(line)
