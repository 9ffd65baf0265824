"""Packed weights as other programs write them -> tests/golden/packed_weights.json.

  <venv>/bin/pip install torch compressed-tensors
  <venv>/bin/python tests/oracle/make_packed_weights_golden.py

The pack-quantized tensors come from the compressed-tensors package itself (0.20.0), values included.
GPTQ tensors are packed here, code by code, from the published format: 32-bit words, the first code
in the lowest bits, qweight down the inputs and qzeros along the outputs, scales in float16, v1 with
zero points less one. Three bits are packed as AutoGPTQ spells them out: 32 codes in three words,
the 11th and the 22nd cut in two.
"""
import json
import pathlib

import numpy as np
import torch
from compressed_tensors.compressors.pack_quantized.base import PackedQuantizationCompressor
from compressed_tensors.compressors.pack_quantized.helpers import unpack_from_int32
from compressed_tensors.quantization import QuantizationArgs, QuantizationScheme
from compressed_tensors.quantization.utils import calculate_qparams

OUT = pathlib.Path(__file__).parents[1] / "golden" / "packed_weights.json"


def words(tensor):
    return [int(w) for w in np.asarray(tensor).reshape(-1)]


def halves(tensor):
    return [int(b) for b in np.asarray(tensor, dtype=np.float16).view(np.uint16).reshape(-1)]


def compressed_tensors_case(bits, symmetric, group, shape, dtype, seed):
    torch.manual_seed(seed)
    weight = (torch.randn(shape) + 0.3).to(dtype)
    strategy = "group" if group else "channel"
    args = QuantizationArgs(num_bits=bits, symmetric=symmetric, strategy=strategy,
                            group_size=group or None)
    runs = weight.float().reshape(shape[0], -1, group or shape[1])
    scale, zero = calculate_qparams(runs.amin(-1), runs.amax(-1), args)
    scale = scale.to(dtype)
    state = {"weight": weight, "weight_scale": scale, "weight_zero_point": zero.to(torch.int8)}
    scheme = QuantizationScheme(targets=["Linear"], weights=args)
    packed = PackedQuantizationCompressor.compress(state, scheme)
    values = PackedQuantizationCompressor.decompress(packed, scheme)["weight"]
    codes = unpack_from_int32(packed["weight_packed"], bits, torch.Size(shape))
    bits16 = packed["weight_scale"].view(torch.int16).int() & 0xFFFF
    return {
        "name": f"compressed-tensors {bits} {strategy} {'sym' if symmetric else 'asym'} {dtype}",
        "bits": bits, "out": shape[0], "in": shape[1], "groups": scale.shape[-1],
        "scale_type": str(dtype).removeprefix("torch."),
        "weight_packed": words(packed["weight_packed"]),
        "weight_scale": words(bits16),
        "weight_zero_point": words(packed["weight_zero_point"]) if not symmetric else [],
        "codes": words(codes.int() + (0 if symmetric else 1 << (bits - 1))),
        "values": [float(v) for v in values.float().reshape(-1)],
    }


def pack_column(codes, bits):
    """Codes to 32-bit words, as AutoGPTQ packs one output of qweight."""
    if bits != 3:
        per_word = 32 // bits
        return [sum(int(c) << (bits * j) for j, c in enumerate(codes[i:i + per_word]))
                for i in range(0, len(codes), per_word)]
    result = []
    for i in range(0, len(codes), 32):
        c = [int(v) for v in codes[i:i + 32]]
        first = sum(c[j] << (3 * j) for j in range(10)) | (c[10] & 3) << 30
        second = c[10] >> 2 | sum(c[11 + j] << (3 * j + 1) for j in range(10)) | (c[21] & 1) << 31
        third = c[21] >> 1 | sum(c[22 + j] << (3 * j + 2) for j in range(10))
        result += [first, second, third]
    return result


def signed(rows):
    return np.array(rows, dtype=np.uint32).view(np.int32)


def gptq_case(bits, version, group, shape, seed):
    rng = np.random.default_rng(seed)
    out, inputs = shape
    groups = inputs // group
    lowest = 1 if version == 1 else 0  # v1 cannot hold a zero point of 0
    codes = rng.integers(0, 1 << bits, (out, inputs))
    zeros = rng.integers(lowest, 1 << bits, (groups, out))
    scales = (rng.random((groups, out)) + 0.1).astype(np.float16)
    qweight = signed([pack_column(codes[r], bits) for r in range(out)]).T
    qzeros = signed([pack_column(zeros[g] - lowest, bits) for g in range(groups)])
    group_of = np.arange(inputs) // group
    values = (codes - zeros.T[:, group_of]) * scales.astype(np.float32).T[:, group_of]
    return {
        "name": f"gptq v{version} {bits} group {group}", "bits": bits, "version": version,
        "out": out, "in": inputs, "groups": groups, "qweight": words(qweight),
        "qzeros": words(qzeros), "scales": halves(scales), "g_idx": words(group_of),
        "codes": words(codes), "values": [float(v) for v in values.astype(np.float32).reshape(-1)],
    }


if __name__ == "__main__":
    half, brain = torch.float16, torch.bfloat16
    golden = {
        "compressed_tensors": [
            compressed_tensors_case(4, False, 0, (5, 24), half, 1),
            compressed_tensors_case(4, True, 8, (3, 24), half, 2),
            compressed_tensors_case(4, False, 16, (9, 32), brain, 3),
            compressed_tensors_case(8, False, 8, (3, 8), half, 4),
            compressed_tensors_case(8, True, 0, (2, 7), half, 5),
            compressed_tensors_case(2, False, 4, (4, 20), half, 6),
            compressed_tensors_case(3, False, 11, (13, 22), half, 7),
            compressed_tensors_case(5, True, 0, (3, 13), brain, 8),
        ],
        "gptq": [
            gptq_case(4, 2, 8, (8, 16), 11),
            gptq_case(4, 1, 16, (8, 16), 12),
            gptq_case(2, 2, 16, (16, 32), 13),
            gptq_case(3, 2, 16, (32, 32), 14),
            gptq_case(8, 1, 8, (4, 16), 15),
        ],
    }
    OUT.write_text(json.dumps(golden, separators=(",", ":")).replace('},{"name', '},\n{"name') + "\n")
    print(OUT, OUT.stat().st_size, "bytes")
