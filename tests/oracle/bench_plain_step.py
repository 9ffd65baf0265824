"""Tokens per second of a training step in eager PyTorch: plain, and fake-quantized W4A4KV4.

The setting to compare with: a Llama block, 4 layers, d = 256, ffn 1024, vocabulary 4096, 8 heads,
batch 8 x 128, forward + backward + AdamW, float32, one thread. The quantized step quantizes every
weight anew in each forward pass (per row), activations per token, K and V per token and head.
Usage: taskset -c 0 bench_plain_step.py
"""

import statistics
import time

import torch
from torch import nn
from torch.nn import functional

VOCAB, WIDTH, FFN, LAYERS, HEADS, BATCH, TOKENS = 4096, 256, 1024, 4, 8, 8, 128
WARM_UP, STEPS = 3, 12


def fake_quantize(x, bits=4):
    """Asymmetric over the last axis, zero in the range, eqs. (3)-(4); identity STE, eq. (6)."""
    low, high = x.amin(-1, keepdim=True).clamp(max=0), x.amax(-1, keepdim=True).clamp(min=0)
    top = 2**bits - 1
    scale = ((high - low) / top).clamp(min=1e-12)
    zero = torch.round(-low / scale)
    q = (torch.round(x / scale) + zero).clamp(0, top)
    return x + ((q - zero) * scale - x).detach()


def plain(x):
    return x


class Linear(nn.Linear):
    def __init__(self, inputs, outputs, quantize):
        super().__init__(inputs, outputs, bias=False)
        self.quantize = quantize

    def forward(self, x):
        return functional.linear(self.quantize(x), self.quantize(self.weight))


def rope(x):
    """x [B, heads, T, head_dim], half-split."""
    half = x.shape[-1] // 2
    inverse = 10000.0 ** (-torch.arange(half) / half)
    angle = torch.arange(x.shape[-2])[:, None] * inverse
    cos, sin = angle.cos(), angle.sin()
    a, b = x[..., :half], x[..., half:]
    return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)


class Block(nn.Module):
    def __init__(self, quantize):
        super().__init__()
        self.quantize = quantize
        self.norms = nn.ModuleList([nn.RMSNorm(WIDTH, eps=1e-5) for _ in range(2)])
        self.q, self.k, self.v, self.o = (Linear(WIDTH, WIDTH, quantize) for _ in range(4))
        self.gate, self.up = (Linear(WIDTH, FFN, quantize) for _ in range(2))
        self.down = Linear(FFN, WIDTH, quantize)

    def forward(self, h):
        x = self.norms[0](h)
        heads = (f(x).unflatten(-1, (HEADS, -1)) for f in (self.q, self.k, self.v))
        q, k, v = (y.transpose(1, 2) for y in heads)
        k, v = self.quantize(rope(k)), self.quantize(v)
        y = functional.scaled_dot_product_attention(rope(q), k, v, is_causal=True)
        h = h + self.o(y.transpose(1, 2).flatten(-2))
        x = self.norms[1](h)
        return h + self.down(functional.silu(self.gate(x)) * self.up(x))


class Model(nn.Module):
    def __init__(self, quantize):
        super().__init__()
        self.embedding = nn.Embedding(VOCAB, WIDTH)
        self.blocks = nn.ModuleList([Block(quantize) for _ in range(LAYERS)])
        self.norm, self.head = nn.RMSNorm(WIDTH, eps=1e-5), nn.Linear(WIDTH, VOCAB, bias=False)

    def forward(self, tokens):
        h = self.embedding(tokens)
        for block in self.blocks:
            h = block(h)
        return self.head(self.norm(h))


def measure(quantize):
    """Seconds of each timed step."""
    torch.manual_seed(1)
    model = Model(quantize)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=0.01)
    tokens = torch.randint(0, VOCAB, (BATCH, TOKENS + 1))
    seconds, first, loss = [], None, None
    for _ in range(WARM_UP + STEPS):
        begin = time.perf_counter()
        optimizer.zero_grad()
        logits = model(tokens[:, :-1])
        loss = functional.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten())
        loss.backward()
        optimizer.step()
        seconds.append(time.perf_counter() - begin)
        first = loss.item() if first is None else first
    assert loss.item() < first, "the step does not learn"
    return seconds[WARM_UP:]


def main():
    torch.set_num_threads(1)
    for name, quantize in (("plain", plain), ("fake-quantized W4A4KV4", fake_quantize)):
        seconds = measure(quantize)
        middle, best = statistics.median(seconds), min(seconds)
        count = BATCH * TOKENS
        print(f"{name}: {count / middle:.0f} tokens/s (median of {STEPS} steps, {middle * 1e3:.0f} "
              f"ms; best {count / best:.0f})")


if __name__ == "__main__":
    main()
