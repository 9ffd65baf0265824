"""Do transformers and compressed-tensors read what `export --format compressed-tensors` wrote?

  read_compressed_tensors.py build/release/tests/logit_lines QUANTIZED EXPORTED VALUES

VALUES is the same model written by `quantize --weights_format values`, or by
`export --format hf --export_weights quantized` where R4 is off: the floats that our forward pass
multiplies. Prints how many of the dequantized weights differ in a bit, and the largest difference
of a logit without quantized activations. R4 is applied as its reader does: apply_transform_config,
then the matrices from the file.
"""
import sys

import torch
from compressed_tensors.transform import TransformConfig, apply_transform_config
from read_hf import our_logits, probe_tokens
from safetensors import safe_open
from safetensors.torch import load_file
from transformers import AutoConfig, AutoModelForCausalLM


def apply_rotations(model, exported):
    config = model.config.quantization_config
    config = config if isinstance(config, dict) else config.to_dict()
    import json
    stored = json.load(open(f"{exported}/config.json"))["quantization_config"]["transform_config"]
    if not stored:
        return 0
    apply_transform_config(model, TransformConfig.model_validate(stored))
    loaded = 0
    with safe_open(f"{exported}/model.safetensors", "pt") as file:
        parameters = dict(model.named_parameters())
        for name in file.keys():
            if "_input.weight" in name:
                parameters[name].data.copy_(file.get_tensor(name))
                loaded += 1
    return loaded


if __name__ == "__main__":
    program, source, exported, values = sys.argv[1:]
    model = AutoModelForCausalLM.from_pretrained(exported, dtype=torch.float32).eval()
    tokens = probe_tokens(model.config.vocab_size)
    quantized = 0
    matrices = apply_rotations(model, exported)
    with torch.no_grad():
        with_activations = model(torch.tensor(tokens)).logits
        for module in model.modules():
            scheme = getattr(module, "quantization_scheme", None)
            if scheme is not None:
                quantized += scheme.input_activations is not None
                scheme.input_activations = None
        theirs = model(torch.tensor(tokens)).logits
    expected = load_file(f"{values}/model.safetensors")
    weights = dict(model.named_parameters())
    linears = [n for n in expected if n.endswith("_proj.weight")]
    different = sum((weights[n].view(torch.int32) != expected[n].view(torch.int32)).sum().item() for n in linears)
    count = sum(expected[n].numel() for n in linears)
    ours = our_logits(program, source, tokens)
    print(f"{exported}: {len(linears)} linears, {different} of {count} weights differ in a bit; "
          f"{quantized} quantized inputs, {matrices} stored rotations; largest logit {ours.abs().max():.4g}, "
          f"largest difference {(ours - theirs).abs().max():.3g} "
          f"(with quantized activations: {(ours - with_activations).abs().max():.3g})")
