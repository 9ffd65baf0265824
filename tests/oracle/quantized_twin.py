"""A Llama block with rotations and fake quantizers, written from the equations by hand in PyTorch.

Rows are tokens. A rotation acts on a row x as x R with R = Diag(r) H^T / sqrt(d): signs, then
Hadamard. Master weights are unrotated; the weight that acts is Q(rotate(W)).
"""

from dataclasses import dataclass, field

import torch

LINEARS = {"q": "self_attn.q_proj", "k": "self_attn.k_proj", "v": "self_attn.v_proj",
           "o": "self_attn.o_proj", "gate": "mlp.gate_proj", "up": "mlp.up_proj",
           "down": "mlp.down_proj"}


@dataclass
class Quantizer:
    bits: int = 16  # 16: not quantized
    symmetry: str = "asymmetric"
    clip: float = 1.0


@dataclass
class Scheme:
    weights: Quantizer = field(default_factory=Quantizer)
    activations: Quantizer = field(default_factory=Quantizer)
    cache: Quantizer = field(default_factory=Quantizer)


@dataclass
class Shape:
    vocab: int = 48
    hidden: int = 32
    ffn: int = 56
    layers: int = 2
    heads: int = 4
    kv_heads: int = 2
    head_dim: int = 8
    eps: float = 1e-5
    theta: float = 10000.0


# ---- Hadamard matrices and rotations


def galois27_characters():
    """chi(a - b) for all a, b of GF(27) = GF(3)[x] / (x^3 + 2x + 1); a = a0 + 3 a1 + 9 a2."""
    digits = [(n % 3, n // 3 % 3, n // 9) for n in range(27)]
    number = {d: n for n, d in enumerate(digits)}

    def multiply(a, b):
        c = [0] * 5
        for i in range(3):
            for j in range(3):
                c[i + j] += a[i] * b[j]
        for power in (4, 3):  # x^3 = x + 2
            c[power - 2] += c[power]
            c[power - 3] += 2 * c[power]
        return tuple(v % 3 for v in c[:3])

    squares = {number[multiply(d, d)] for d in digits[1:]}
    chi = [0] + [1 if n in squares else -1 for n in range(1, 27)]
    minus = [[number[tuple((x - y) % 3 for x, y in zip(a, b))] for b in digits] for a in digits]
    return torch.tensor([[chi[n] for n in row] for row in minus], dtype=torch.float64)


def paley28():
    """Paley's first construction: I + [[0, 1], [-1, Q]], Q the characters of differences."""
    h = torch.eye(28, dtype=torch.float64)
    h[0, 1:] += 1
    h[1:, 0] -= 1
    h[1:, 1:] += galois27_characters()
    return h


def hadamard(d):
    """H_28 (x) H_2^k or H_2^k, order d."""
    h = paley28() if d % 28 == 0 else torch.ones(1, 1, dtype=torch.float64)
    while h.shape[0] < d:
        h = torch.kron(h, torch.tensor([[1.0, 1.0], [1.0, -1.0]], dtype=torch.float64))
    assert torch.equal(h @ h.T, d * torch.eye(d, dtype=torch.float64))
    return h


def random_signs(seed, d):
    """Sign i: the top bit of SplitMix64's output i (Steele, Lea, Flood 2014), set meaning -1."""
    mask, signs = 2**64 - 1, []
    for i in range(d):
        z = (seed + (i + 1) * 0x9E3779B97F4A7C15) & mask
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & mask
        z = (z ^ z >> 27) * 0x94D049BB133111EB & mask
        z ^= z >> 31
        signs.append(-1.0 if z >> 63 else 1.0)
    return torch.tensor(signs)


def rotation_matrix(signs):
    """R [d, d] with x R = (x o r) H^T / sqrt(d), in float64."""
    d = signs.numel()
    return signs.double()[:, None] * hadamard(d).T / d**0.5


def rotate_runs(x, r):
    """Every run of d values along the last axis times R."""
    return (x.unflatten(-1, (-1, r.shape[0])) @ r).flatten(-2)


# ---- Quantizers, eqs. (1)-(4) with the range widened to contain zero


def fit(groups, quantizer):
    """Scale and zero point of each group (last axis), every operation rounded to groups.dtype."""
    clip = torch.tensor(quantizer.clip, dtype=torch.float32).to(groups.dtype)
    low, high = groups.amin(-1, keepdim=True), groups.amax(-1, keepdim=True)
    if quantizer.symmetry == "symmetric":
        scale = torch.maximum(-low, high) * clip / (2 ** (quantizer.bits - 1) - 1)
        zero = torch.zeros_like(scale)
    else:
        bottom, top = low.clamp(max=0) * clip, high.clamp(min=0) * clip
        scale = (top - bottom) / (2**quantizer.bits - 1)
        zero = torch.round(-bottom / torch.where(scale > 0, scale, 1.0))
    constant = (low == high) & (low != 0)
    scale = torch.where(constant, low.abs(), scale)
    if quantizer.symmetry == "asymmetric":
        zero = torch.where(constant, (low < 0).to(zero.dtype), zero)
    return torch.where(scale == 0, 1.0, scale), zero


def code_range(quantizer):
    if quantizer.symmetry == "symmetric":
        return -(2 ** (quantizer.bits - 1)), 2 ** (quantizer.bits - 1) - 1
    return 0, 2**quantizer.bits - 1


class FakeQuantize(torch.autograd.Function):
    """Q(x) forward; the identity backward, eq. (6)."""

    @staticmethod
    def forward(ctx, x, codes, scale, zero):
        return ((codes - zero) * scale).flatten(-2)

    @staticmethod
    def backward(ctx, upstream):
        return upstream, None, None, None


def quantize(x, quantizer, group):
    """Q(x) and what a site is made of: input, codes, scale, zero (None when not quantized)."""
    if quantizer.bits >= 16:
        return x, None
    with torch.no_grad():
        groups = x.unflatten(-1, (-1, group))
        scale, zero = fit(groups, quantizer)
        codes = (torch.round(groups / scale) + zero).clamp(*code_range(quantizer))
    y = FakeQuantize.apply(x, codes, scale, zero)
    site = {"input": x.detach(), "codes": codes.flatten(-2), "scale": scale.squeeze(-1),
            "zero": zero.squeeze(-1)}
    return y, site


# ---- The model


class Twin:
    """Forward pass over tokens [S, T]; `sites` and `taps` keep what the golden file reports."""

    def __init__(self, shape, weights, scheme, rotations):
        self.shape, self.weights, self.scheme = shape, weights, scheme
        self.rotations = rotations  # e.g. {"0.r2": R, "0.r3": R, "0.r4": R}; absent: identity
        self.sites, self.taps = {}, {}

    def rotation(self, layer, name):
        return self.rotations.get(f"{layer}.{name}")

    def parameter(self, layer, linear, kind):
        return self.weights.get(f"model.layers.{layer}.{LINEARS[linear]}.{kind}")

    def site(self, layer, name, x, quantizer, group):
        y, site = quantize(x, quantizer, group)
        if site:
            self.sites[f"site.{layer}.{name}"] = site
        return y

    def effective_weight(self, layer, linear):
        w, bias = self.parameter(layer, linear, "weight"), self.parameter(layer, linear, "bias")
        r2, r4, stored = self.rotation(layer, "r2"), self.rotation(layer, "r4"), w
        if linear == "v" and r2 is not None:  # outputs: y = x w^T + b becomes y R2 per kv head
            w = rotate_runs(w.T, r2).T
            bias = None if bias is None else rotate_runs(bias, r2)
        if linear == "o" and r2 is not None:  # inputs come as y R2, and R2 R2^T = I
            w = rotate_runs(w, r2)
        if linear == "down" and r4 is not None:
            w = rotate_runs(w, r4)
        # The codes of a weight as stored are float32's in the float64 twin too: exact ties occur.
        y, site = quantize(w.float() if w is stored else w, self.scheme.weights, w.shape[1])
        if site:
            self.sites[f"weight.{layer}.{linear}"] = site
        return y.to(w.dtype), bias

    def linear(self, layer, linear, x):
        w, bias = self.effective_weight(layer, linear)
        x = x.clone()  # so that this linear's own input gradient can be told apart
        y = x @ w.T if bias is None else x @ w.T + bias
        if x.requires_grad:
            x.retain_grad()
            y.retain_grad()
        self.taps[f"linear.{layer}.{linear}"] = {"input": x, "output": y}
        return y

    def norm(self, x, name):
        y = x * torch.rsqrt(x.square().mean(-1, keepdim=True) + self.shape.eps)
        return y * self.weights[name]

    def rope(self, x):
        """x [S, T, heads, head_dim]; channel i is paired with i + head_dim / 2."""
        half = self.shape.head_dim // 2
        exponent = torch.arange(half, dtype=torch.float32) * 2 / self.shape.head_dim
        inverse = 1.0 / self.shape.theta**exponent
        angle = torch.arange(x.shape[1], dtype=torch.float32)[:, None] * inverse
        cos, sin = (f(angle)[None, :, None, :].to(x.dtype) for f in (torch.cos, torch.sin))
        a, b = x[..., :half], x[..., half:]
        return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)

    def attention(self, q, k, v):
        """Causal; q [S, T, heads, head_dim], k and v [S, T, kv_heads, head_dim]."""
        share = self.shape.heads // self.shape.kv_heads
        k, v = k.repeat_interleave(share, 2), v.repeat_interleave(share, 2)
        scores = torch.einsum("sthd,suhd->shtu", q, k) / self.shape.head_dim**0.5
        future = torch.ones(scores.shape[-2:], dtype=torch.bool).triu(1)
        p = scores.masked_fill(future, float("-inf")).softmax(-1)
        return torch.einsum("shtu,suhd->sthd", p, v).flatten(-2)

    def attention_block(self, layer, x):
        scheme, d = self.scheme, self.shape.head_dim
        x = self.site(layer, "qkv_input", x, scheme.activations, self.shape.hidden)
        q, k, v = (self.linear(layer, name, x).unflatten(-1, (-1, d)) for name in "qkv")
        q, k, r3 = self.rope(q), self.rope(k), self.rotation(layer, "r3")
        if r3 is not None:
            q, k = rotate_runs(q, r3), rotate_runs(k, r3)
        k = self.site(layer, "key", k.flatten(-2), scheme.cache, d).unflatten(-1, (-1, d))
        v = self.site(layer, "value", v.flatten(-2), scheme.cache, d).unflatten(-1, (-1, d))
        y = self.attention(q, k, v)
        y = self.site(layer, "o_input", y, scheme.activations, y.shape[-1])
        return self.linear(layer, "o", y)

    def mlp_block(self, layer, x):
        quantizer, r4 = self.scheme.activations, self.rotation(layer, "r4")
        x = self.site(layer, "gate_up_input", x, quantizer, self.shape.hidden)
        gate, up = self.linear(layer, "gate", x), self.linear(layer, "up", x)
        y = gate * torch.sigmoid(gate) * up
        y = y if r4 is None else rotate_runs(y, r4)
        y = self.site(layer, "down_input", y, quantizer, self.shape.ffn)
        return self.linear(layer, "down", y)

    def logits(self, tokens):
        h = self.weights["model.embed_tokens.weight"][tokens]
        for layer in range(self.shape.layers):
            prefix = f"model.layers.{layer}."
            h = h + self.attention_block(layer, self.norm(h, prefix + "input_layernorm.weight"))
            h = h + self.mlp_block(layer, self.norm(h, prefix + "post_attention_layernorm.weight"))
        return self.norm(h, "model.norm.weight") @ self.weights["lm_head.weight"].T

    def loss(self, tokens, targets):
        """Mean negative log-likelihood over the positions with a target >= 0, and the logits."""
        logits = self.logits(tokens)
        chosen = logits.log_softmax(-1).gather(-1, targets.clamp(min=0)[..., None])[..., 0]
        return -chosen[targets >= 0].mean(), logits
