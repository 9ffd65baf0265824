"""Compares our tokenizer with the package `tokenizers` on very many texts.

    python3 tokenizer_many.py <tokenizer_lines> <directory of a tokenizer> <number of texts> [file ...]

The directory holds tokenizer.json. Texts are the lines of the files, whole or cut at random places,
and random ones over alphabets in which splitters, normalizers and added tokens differ; ids and
decoded texts must be identical. First every code point that Unicode may have
assigned stands in a few contexts; those whose ids differ (the Unicode versions of the two differ) are
listed as ranges and left out of the random texts.
"""

import json
import random
import subprocess
import sys

from tokenizers import Tokenizer

PIECES = ["'s", "'S", "'ll", "'Re", "'\u017f", "'", "\u2019s", " ", " ", "  ", "   ", "\t", "\n", "\n\n",
          "\r\n", "\r", "\u00a0", "\u3000", "\u2028", "\u200b", "\u200d", "\ufeff", "a", "b", "The",
          "hello", " world", "Caf\u00e9", "cafe\u0301", "\u00c5", "A\u030a", "\u212b", "1", "12", "1234567",
          "\u00bd", "\u00b2", "\u0967\u0968", "\u2167", "\u4f60\u597d", "\u304b\u3099", "\ud55c\uae00",
          "\u1112\u1161\u11ab", "\u0416\u0438\u0306", "\u05e9\u05c1\u05bc", "\u0e01\u0e33", "\U0001f600",
          "\U0001f468\u200d\U0001f469", "!", "...", "!?", "-", "_", "/", "\\", "{}", "==", "#", "$1",
          "\x00", "\x1c", "\x7f", "\x85", "e\u0323\u0302", "\u0344", "\u1e9b\u0323", "\ufb01", "\uf900",
          "\U0001d15e", "\u0f71\u0f72", "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|", "|>",
          "<|begin_of_text|>", "<|eot_id|>", "TL;DR:", "http://", "don't", "I'VE", "\U0010ffff"]
RANGES = [(0x20, 0x7f), (0x80, 0x300), (0x300, 0x370), (0x370, 0x600), (0x600, 0xe80), (0x1100, 0x1200),
          (0x1e00, 0x2100), (0x2100, 0x2c00), (0x3000, 0x3200), (0xac00, 0xad00), (0xf900, 0xfb50),
          (0xfe00, 0x10000), (0x1d100, 0x1d800), (0x1f100, 0x1f700)]


def random_text(rng):
    kind = rng.random()
    if kind < 0.6:
        return "".join(rng.choice(PIECES) for _ in range(rng.randint(1, 12)))
    if kind < 0.8:
        return "".join(chr(rng.randrange(*rng.choice(RANGES))) for _ in range(rng.randint(1, 16)))
    if kind < 0.9:
        low, high = rng.choice(RANGES)
        return "".join(chr(rng.randrange(low, high)) for _ in range(rng.randint(1, 60)))
    return rng.choice(["a", " ", "\n", "'", "0", "\u0301", "\u4f60"]) * rng.randint(1, 200)


def texts(count, files, known, rng):
    lines = [line for name in files for line in open(name, encoding="utf-8", newline="")]
    result = list(lines)[:count // 2]
    while len(result) < count:
        if lines and rng.random() < 0.3:
            line = rng.choice(lines)
            result.append(line[rng.randrange(len(line)):][:rng.randint(1, 400)])
            continue
        text = random_text(rng)
        # Characters that only one of the two Unicode versions knows are listed apart.
        if all(c in known for c in text):
            result.append(text)
    return result


def ours(program, directory, rows):
    lines = "\n".join(json.dumps(row) for row in rows) + "\n"
    output = subprocess.run([program, directory], input=lines.encode(), stdout=subprocess.PIPE, check=True)
    return [json.loads(line) for line in output.stdout.decode().split("\n")[:-1]]


def of_reference(tokenizer, rows):
    ids = [encoding.ids for encoding in tokenizer.encode_batch(rows)]
    return [[i, tokenizer.decode(i)] for i in ids]


CONTEXTS = ["x%s", " %s", "a%sb", "'%sll", "%s\u0301", "a\u0316%s", "1%s1", "!%s", " %s\n", "%s  a",
            "a%s\u0334", "a\u0315%s"]  # marks of the lowest and of a high class: which one comes first
# All that Unicode 16 assigns lies here; of the rest, every 61st.
ASSIGNED = [range(1, 0xd800), range(0xe000, 0x32400), range(0xe0000, 0xe0200)]
OTHER = [range(0x32400, 0xe0000, 61), range(0xe0200, 0x110000, 61)]


def code_points(program, directory, tokenizer):
    """The code points that were tried, and those with another answer in one of the contexts."""
    points = [c for part in ASSIGNED + OTHER for c in part]
    differing = set()
    for begin in range(0, len(points), 1 << 16):
        part = points[begin:begin + (1 << 16)]
        rows = [" = ".join(context % chr(c) for context in CONTEXTS) for c in part]
        for c, a, b in zip(part, ours(program, directory, rows), of_reference(tokenizer, rows)):
            if a != b:
                differing.add(c)
    return points, differing


def as_ranges(points):
    ranges = []
    for c in sorted(points):
        if ranges and ranges[-1][1] == c - 1:
            ranges[-1][1] = c
        else:
            ranges.append([c, c])
    return " ".join("%04X" % a if a == b else "%04X-%04X" % (a, b) for a, b in ranges)


def main():
    program, directory, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    tokenizer = Tokenizer.from_file(directory + "/tokenizer.json")
    points, differing = code_points(program, directory, tokenizer)
    print(len(differing), "of", len(points), "code points differ:", as_ranges(differing), flush=True)
    known = {chr(c) for c in range(0x110000)} - {chr(c) for c in differing}
    rng = random.Random(1)
    rows = texts(count, sys.argv[4:], known, rng)
    different = 0
    for row, a, b in zip(rows, ours(program, directory, rows), of_reference(tokenizer, rows)):
        if a != b:
            different += 1
            if different < 10:
                print("DIFFERENT", ascii(row), a, b)
    print(len(rows), "texts,", sum(map(len, rows)), "characters:", different, "differ")
    sys.exit(different > 0)


if __name__ == "__main__":
    main()
