"""Writes tests/golden/safetensors_verdicts.json: damaged small files, and whether the safetensors
package accepts them.

    pip install safetensors==0.8.0
    python tests/oracle/make_safetensors_verdicts.py

A case is a list of edits of one of the whole files: [position, byte], -1 cuts the file there, -2
appends a zero byte.
"""
import json
import pathlib
import random
import struct

from safetensors import deserialize

OUTPUT = pathlib.Path(__file__).parents[1] / "golden" / "safetensors_verdicts.json"
CASES = 600
SEED = 29


def whole_file(header, data):
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


def whole_files():
    floats = struct.pack("<6f", 0.0, -1.5, 2.0, 3.25, 1e-3, -1e30)
    entry = lambda dtype, shape, begin, end: {"dtype": dtype, "shape": shape,
                                              "data_offsets": [begin, end]}
    return [
        whole_file({"a": entry("F32", [2, 3], 0, 24)}, floats),
        whole_file({"a": entry("F32", [2], 0, 8), "b": entry("F16", [4], 8, 16),
                    "__metadata__": {"k": "v"}}, floats[:16]),
        whole_file({"e": entry("F32", [0, 7], 0, 0), "s": entry("BF16", [], 0, 2)}, floats[6:8]),
    ]


def misplaced_files():
    """Tensors that each fit their length, and do not tile the data: no edit of a byte or two makes
    these."""
    values = struct.pack("<4f", 1, 2, 3, 4)
    pair = lambda a, b: {name: {"dtype": "F32", "shape": [2], "data_offsets": list(offsets)}
                         for name, offsets in (("a", a), ("b", b))}
    return [whole_file(pair((0, 8), (0, 8)), values[:8]), whole_file(pair((0, 8), (4, 12)), values[:12]),
            whole_file(pair((0, 8), (8, 16)), values[:12]), whole_file(pair((4, 12), (12, 20)), values + b"0000"),
            whole_file(pair((0, 8), (12, 20)), values + b"0000"), whole_file(pair((8, 16), (0, 8)), values)]


def edits_of(rng, file):
    header = struct.unpack("<Q", file[:8])[0]
    kind = rng.random()
    if kind < 0.05:
        return [[rng.randrange(len(file)), -1]]
    if kind < 0.1:
        return [[len(file), -2]]
    if kind < 0.2:  # a digit for a digit: shapes and offsets that do not fit each other
        digits = [i for i in range(8, 8 + header) if chr(file[i]).isdigit()]
        return [[rng.choice(digits), ord(rng.choice("0123456789"))]]
    if kind < 0.3:  # values are not part of the format
        return [[rng.randrange(8 + header, len(file)), rng.randrange(256)]]
    if kind < 0.45:  # letters of names, keys and types; blanks of the padding
        letters = [i for i in range(8, 8 + header) if chr(file[i]).isalpha() or file[i] == 32]
        return [[rng.choice(letters), ord(rng.choice("abesF \t"))]]
    count = rng.choice([1, 1, 1, 2, 3])
    place = lambda: rng.randrange(len(file)) if rng.random() < 0.2 else rng.randrange(8 + header)
    byte = lambda: rng.choice([rng.randrange(256), ord(rng.choice('{}[]",: 0123456789FBIU'))])
    return [[place(), byte()] for _ in range(count)]


def edited(file, edits):
    bytes_ = bytearray(file)
    for position, value in edits:
        if value == -1:
            del bytes_[position:]
        elif value == -2:
            bytes_.append(0)
        else:
            bytes_[position] = value
    return bytes(bytes_)


def accepted(file):
    try:
        deserialize(file)
        return True
    except Exception:  # the package has one exception type of its own and several of Python's
        return False


def main():
    rng = random.Random(SEED)
    files = whole_files()
    assert all(accepted(f) for f in files)
    cases = [{"file": len(files) + i, "edits": [], "accepted": accepted(f)}
             for i, f in enumerate(misplaced_files())]
    for _ in range(CASES):
        which = rng.randrange(len(files))
        edits = edits_of(rng, files[which])
        cases.append({"file": which, "edits": edits,
                      "accepted": accepted(edited(files[which], edits))})
    result = {"files": [f.hex() for f in files + misplaced_files()], "cases": cases}
    OUTPUT.write_text(json.dumps(result, separators=(",", ":")) + "\n")
    print(f"{sum(c['accepted'] for c in cases)} of {len(cases)} accepted -> {OUTPUT}")


if __name__ == "__main__":
    main()
