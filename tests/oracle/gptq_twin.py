"""GPTQ on single weights, from the paper's formulas -> tests/golden/gptq.safetensors.

  <venv>/bin/python tests/oracle/gptq_twin.py [directory]

Frantar et al. 2022, "GPTQ", Algorithm 1: the upper Cholesky factor of the inverse Hessian, blocks
of columns, lazy updates of the columns after a block; everything in float64 but the grid, which is
float32 as README.md has it. Stops where an updated value lies so close to the border between two
codes that another order of additions might cross it.
"""
import pathlib
import sys

import numpy as np
from safetensors.numpy import save_file

CLIPS = [1, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6, 0.55, 0.5, 0.45, 0.4]
F = np.float32

# name: out, in, tokens, bits, symmetric, block, act-order, dead columns, searched clip, damping
CASES = {
    "natural_w3": (9, 24, 60, 3, False, 128, False, [], False, 0.01),
    "blocks_w4": (7, 150, 40, 4, False, 128, False, [], False, 0.01),  # fewer tokens than inputs
    "symmetric_w4": (8, 40, 90, 4, True, 16, False, [], False, 0.01),
    "act_order_w3": (6, 40, 70, 3, False, 16, True, [], False, 0.01),
    "act_order_symmetric_w2": (5, 33, 50, 2, True, 8, True, [], False, 0.1),
    "dead_w4": (6, 30, 64, 4, False, 8, False, [0, 7, 29], False, 0.01),
    "dead_act_order_w4": (6, 30, 64, 4, True, 8, True, [3, 4], False, 0.01),
    "searched_w3": (6, 36, 64, 3, False, 128, False, [], True, 0.01),
    "searched_symmetric_w2": (6, 36, 64, 2, True, 128, False, [], True, 0.01),
    "w8": (4, 20, 64, 8, False, 128, False, [], False, 0.01),
}


def fit(row, bits, symmetric, clip):
    low, high = row.min(), row.max()
    if symmetric:
        largest = F(max(abs(low), abs(high)) * F(clip))
        return F(largest / F(2 ** (bits - 1) - 1)), 0
    low, high = F(min(low, F(0)) * F(clip)), F(max(high, F(0)) * F(clip))
    scale = F(F(high - low) / F(2 ** bits - 1))
    return scale, int(np.rint(-low / scale))


def encode(x, scale, zero, bits, symmetric):
    least = -(2 ** (bits - 1)) if symmetric else 0
    return int(np.clip(np.rint(F(x) / scale) + zero, least, least + 2 ** bits - 1))


def decode(code, scale, zero):
    return F(F(code - zero) * scale)


def fit_searched(row, bits, symmetric):
    def error(clip):
        scale, zero = fit(row, bits, symmetric, clip)
        rounded = [decode(encode(x, scale, zero, bits, symmetric), scale, zero) for x in row]
        return sum((float(x) - float(q)) ** 2 for x, q in zip(row, rounded))

    errors = sorted((error(clip), -clip) for clip in CLIPS)
    assert errors[0][0] < errors[1][0] * (1 - 1e-5), "two factors are equally good"
    return fit(row, bits, symmetric, -errors[0][1])


def inputs(rng, tokens, columns, dead):
    """Small integers, so that sums of products are exact; correlated, and of unequal size."""
    mixed = rng.normal(size=(tokens, columns)) @ (np.eye(columns) + rng.normal(size=(columns, columns)) / 4)
    x = np.rint(mixed * rng.uniform(1, 4, size=columns)).astype(np.float32)
    x[:, dead] = 0
    return x


def gptq(w, x, bits, symmetric, block, act_order, searched, damping):
    rows, n = w.shape
    params = [fit_searched(r, bits, symmetric) if searched else fit(r, bits, symmetric, 1) for r in w]
    x = x.astype(np.float64)
    h = 2 / len(x) * x.T @ x
    dead = np.diag(h) == 0
    mean = np.diag(h)[~dead].mean()
    w = w.astype(np.float64)
    w[:, dead] = 0
    h[dead, dead] = mean
    order = np.argsort(np.where(dead, 0, -np.diag(h)), kind="stable") if act_order else np.arange(n)
    w, h = w[:, order], h[np.ix_(order, order)] + damping * mean * np.eye(n)
    u = np.linalg.cholesky(np.linalg.inv(h)).T  # H^-1 = U^T U
    codes = np.zeros((rows, n), np.int32)
    for i in range(0, n, block):
        end = min(i + block, n)
        e = np.zeros((rows, end - i))
        for j in range(i, end):
            for r in range(rows):
                scale, zero = params[r]
                place = w[r, j] / float(scale)
                assert abs(place - np.floor(place) - 0.5) > 1e-5, "close to the border of two codes"
                codes[r, j] = encode(w[r, j], scale, zero, bits, symmetric)
                e[r, j - i] = (w[r, j] - float(decode(codes[r, j], scale, zero))) / u[j, j]
            w[:, j:end] -= np.outer(e[:, j - i], u[j, j:end])
        w[:, end:] -= e @ u[i:end, end:]
    natural = np.zeros_like(codes)
    natural[:, order] = codes
    return natural, params


def main():
    out = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[1] / "golden")
    tensors = {}
    for number, (name, case) in enumerate(CASES.items()):
        rows, n, tokens, bits, symmetric, block, act_order, dead, searched, damping = case
        rng = np.random.default_rng(100 + number)
        x = inputs(rng, tokens, n, dead)
        w = (rng.normal(size=(rows, n)) + 0.2).astype(np.float32)
        codes, params = gptq(w, x, bits, symmetric, block, act_order, searched, damping)
        nearest = [[encode(v, s, z, bits, symmetric) for v in r] for r, (s, z) in zip(w, params)]
        changed = np.mean(np.array(nearest) != codes)
        assert changed > 0.1, "rounding to nearest would do"
        print(f"{name}: {100 * changed:.0f} % of the codes differ from rounding to nearest")
        tensors |= {
            f"{name}.inputs": x, f"{name}.weight": w, f"{name}.codes": codes,
            f"{name}.scale": np.array([[s for s, _ in params]], np.float32),
            f"{name}.zero": np.array([[z for _, z in params]], np.int32),
        }
    save_file(tensors, out / "gptq.safetensors")


main()
