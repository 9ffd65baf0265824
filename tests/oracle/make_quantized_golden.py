"""Golden files of the quantized, rotated model: every code, scale, output and gradient of a step.

Usage: make_quantized_golden.py [golden directory]
"""

import json
import pathlib
import sys

import torch
from safetensors.torch import save_file

from quantized_case import ROTATION_SIZES, Configuration, best_case, draw_tokens, draw_weights
from quantized_case import rotation_seeds, rotation_signs, step, transformers_model
from quantized_twin import LINEARS, Quantizer, Scheme, Shape, code_range, quantize
from quantized_twin import rotate_runs, rotation_matrix


def configurations():
    w4, w4c = Quantizer(4, "asymmetric", 1.0), Quantizer(4, "asymmetric", 0.95)
    w3, a8, kv4 = (Quantizer(bits, "symmetric", 0.9) for bits in (3, 8, 4))
    return [
        Configuration("w4a4kv4_rotated", Scheme(w4, w4, w4), ("r2", "r3", "r4"), range(1000, 1400),
                      (0, 1)),
        Configuration("w4a4kv4_clipped", Scheme(w4c, w4c, w4c), (), range(2000, 2400), (1,)),
        Configuration("w3a8kv4_symmetric", Scheme(w3, a8, kv4), ("r4",), range(3000, 4500),
                      (1,)),
    ]


# ---- Checks of the twin


def close(a, b, tolerance):
    scale = b.abs().max().clamp(min=1)
    assert ((a - b).abs().max() / scale) < tolerance, (a - b).abs().max()


def check_against_transformers(shape, weights, model):
    batch = draw_tokens(5, shape.vocab)
    twin, loss, logits = step(shape, weights, Scheme(), {}, batch, torch.float32)
    expected = model(input_ids=batch[0]).logits
    torch.nn.functional.cross_entropy(
        expected.flatten(0, 1), batch[1].flatten(), ignore_index=-1).backward()
    close(logits, expected, 1e-5)
    for name, parameter in model.named_parameters():
        close(twin.weights[name].grad, parameter.grad, 1e-5)
    difference = (logits - expected).abs().max().item()
    print(f"twin and transformers: logits differ by {difference:.1e}")


def check_rotations(shape, weights):
    """Without quantizers the rotated twin is the plain one; every R is orthogonal."""
    batch = draw_tokens(6, shape.vocab)
    signs = rotation_signs(rotation_seeds(tuple(ROTATION_SIZES), 6, shape.layers))
    rotations = {n: rotation_matrix(s) for n, s in signs.items()}
    for r in rotations.values():
        assert (r @ r.T - torch.eye(len(r))).abs().max() < 1e-14
    plain = step(shape, weights, Scheme(), {}, batch, torch.float32)
    rotated = step(shape, weights, Scheme(), rotations, batch, torch.float32)
    close(rotated[2], plain[2], 1e-5)
    for name, w in plain[0].weights.items():
        close(rotated[0].weights[name].grad, w.grad, 1e-5)
    difference = (rotated[2] - plain[2]).abs().max().item()
    print(f"twin rotated and not: logits differ by {difference:.1e}")


def check_weight_gradients(twin):
    """Eq. (15): dW = rotate back (dY^T Q(X)), by hand for every linear layer."""
    for layer in range(twin.shape.layers):
        for linear in LINEARS:
            tap = twin.taps[f"linear.{layer}.{linear}"]
            dy, x = tap["output"].grad.flatten(0, 1), tap["input"].detach().flatten(0, 1)
            dw = dy.T @ x
            r2, r4 = twin.rotation(layer, "r2"), twin.rotation(layer, "r4")
            if linear == "v" and r2 is not None:
                dw = rotate_runs(dw.T, r2.T).T
            if linear == "o" and r2 is not None:
                dw = rotate_runs(dw, r2.T)
            if linear == "down" and r4 is not None:
                dw = rotate_runs(dw, r4.T)
            close(twin.parameter(layer, linear, "weight").grad, dw, 1e-5)


def check_quantizer_edges():
    for symmetry in ("asymmetric", "symmetric"):
        quantizer = Quantizer(4, symmetry, 0.95)
        x = torch.tensor([[5.0] * 4, [-3e-39] * 4, [0.0] * 4, [3.4e38] * 4])
        y, site = quantize(x, quantizer, 4)
        assert torch.equal(x, y), symmetry
        assert site["scale"][2] == 1 and site["zero"][2] == 0
    _, site = quantize(torch.tensor([[0.0, 0.5, 1.5, 2.5, 15.0]]), Quantizer(4), 5)
    assert site["codes"].tolist() == [[0, 0, 2, 2, 15]]


# ---- Writing


def rows(x):
    """[S, T, n] to [S * T, n]."""
    return x.detach().flatten(0, 1) if x.dim() == 3 else x.detach()


def quantizer_of(name, scheme):
    if name.startswith("weight."):
        return scheme.weights
    return scheme.cache if name.endswith((".key", ".value")) else scheme.activations


def site_tensors(twin, scheme):
    """Codes and zeros are both raised by 2^(b-1) if symmetric, so (codes - zero) * scale is Q."""
    out = {}
    for name, site in twin.sites.items():
        offset = -code_range(quantizer_of(name, scheme))[0]
        out[f"{name}.codes"] = rows((site["codes"] + offset).to(torch.uint8))
        out[f"{name}.scale"] = rows(site["scale"])
        out[f"{name}.zero"] = rows((site["zero"] + offset).int())
        if name.startswith("site."):  # a weight's input is the weight, rotated
            out[f"{name}.input"] = rows(site["input"])
    return out


def linear_tensors(twin, layers):
    out = {}
    for name, tap in twin.taps.items():
        if int(name.split(".")[1]) not in layers:
            continue
        out[name + ".output"] = rows(tap["output"])
        out[name + ".doutput"] = rows(tap["output"].grad)
        out[name + ".dinput"] = rows(tap["input"].grad)
    return out


def describe(configuration, seed, value):
    """One metadata key: the order of several is not the same in every run of safetensors."""
    parts = []
    for key in ("weights", "activations", "cache"):
        q = getattr(configuration.scheme, key)
        parts.append(f"{key} {q.bits} bits {q.symmetry} clip {q.clip}")
    parts.append("rotations " + (" ".join(configuration.rotations) or "none"))
    parts.append(f"seed {seed}, tie distance / float32 error {value:.1f}")
    return {"case": "; ".join(parts)}


def make(configuration, shape, weights, root):
    value, (seed, batch, seeds, rotations, single, double) = best_case(
        configuration, shape, weights)
    twin, loss, logits = single
    check_weight_gradients(twin)
    out = {"tokens": batch[0].int(), "targets": batch[1].int(), "logits": logits,
           "loss": loss.reshape(1)}
    signs = rotation_signs(seeds)
    for name in seeds:
        out[f"rotation.{name}.seed"] = torch.tensor([seeds[name]], dtype=torch.int32)
        out[f"rotation.{name}.signs"] = signs[name]
        out[f"rotation.{name}.matrix"] = rotations[name].float()
    out |= site_tensors(twin, configuration.scheme) | linear_tensors(
        twin, configuration.tapped_layers)
    out |= {"grad." + name: w.grad for name, w in twin.weights.items()}
    path = root / f"quantized_{configuration.name}.safetensors"
    save_file({n: t.contiguous().clone() for n, t in out.items()}, path,
              describe(configuration, seed, value))
    path.chmod(0o644)
    gap = (double[2] - logits).abs().max().item()
    print(f"{configuration.name}: seed {seed}, loss {loss.item():.6f}, tie distance / error "
          f"{value:.1f}, float64 logits within {gap:.1e}, {path.stat().st_size} bytes")


def write_model(shape, weights, root):
    directory = root / "quantized_model"
    directory.mkdir(parents=True, exist_ok=True)
    config = {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu",
        "vocab_size": shape.vocab, "hidden_size": shape.hidden, "intermediate_size": shape.ffn,
        "num_hidden_layers": shape.layers, "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.kv_heads, "head_dim": shape.head_dim,
        "rms_norm_eps": shape.eps, "rope_theta": shape.theta, "rope_scaling": None,
        "max_position_embeddings": 64, "attention_bias": True, "mlp_bias": True,
        "tie_word_embeddings": False, "bos_token_id": 1, "eos_token_id": 2,
        "torch_dtype": "bfloat16"}
    (directory / "config.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")
    stored = {name: w.bfloat16() for name, w in weights.items()}
    assert all(torch.equal(stored[name].float(), w) for name, w in weights.items())
    save_file(stored, directory / "model.safetensors", {"format": "pt"})
    (directory / "model.safetensors").chmod(0o644)


def main():
    torch.set_num_threads(1)
    here = pathlib.Path(__file__).resolve().parent
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else here.parent / "golden"
    shape = Shape()
    model = transformers_model(shape)
    weights = draw_weights(model)
    check_quantizer_edges()
    check_against_transformers(shape, weights, model)
    check_rotations(shape, weights)
    write_model(shape, weights, root)
    for configuration in configurations():
        make(configuration, shape, weights, root)


if __name__ == "__main__":
    main()
