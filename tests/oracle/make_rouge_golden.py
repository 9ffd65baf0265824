"""Golden ROUGE scores from the reference implementation.

    python3 make_rouge_golden.py <tests/golden/rouge.json>

Needs the package `rouge-score`, version 0.1.2. A case is
[reference, prediction, rouge1, rouge2, rougeL, rougeLsum], F1 without stemming.
"""

import json
import pathlib
import random
import sys

from rouge_score import rouge_scorer

TYPES = ["rouge1", "rouge2", "rougeL", "rougeLsum"]
WORDS = ["the", "The", "cat", "cats", "sat", "on", "a", "mat", "TL;DR", "don't", "42", "3.14", "u.s.",
         "cafe\u0301", "\u4f60\u597d", "K\u212aelvin", "\u0130stanbul", "stra\u00dfe", "--", "...", "(x)"]
SEPARATORS = [" ", " ", " ", " ", "  ", ", ", ". ", "\n", "\n\n", "\r\n", "\t", "\u00a0", "\u2028"]


def text(rng):
    return "".join(rng.choice(WORDS) + rng.choice(SEPARATORS) for _ in range(rng.randint(0, 14)))


def edited(rng, original):
    """A prediction that shares much with its reference."""
    words = original.split(" ")
    for _ in range(rng.randint(0, 4)):
        i = rng.randrange(len(words))
        words[i] = rng.choice([words[i] + "\n", rng.choice(WORDS), "", words[i - 1]])
    return " ".join(words)


def pairs(count, seed):
    rng = random.Random(seed)
    result = [("", ""), ("", "cat"), ("cat", ""), ("\n", "\n"), ("...", "cat"), ("cat", "Cat!"),
              ("a b c", "c b a"), ("a\nb\nc", "a b c"), ("a b\na b", "a b"), ("a b", "a b\na b\na b"),
              ("\nthe cat\n\nsat", "the\ncat sat\n"), ("a b c d\na x", "a c\nb d a")]
    while len(result) < count:
        reference = text(rng)
        result.append((reference, edited(rng, reference) if rng.random() < 0.6 else text(rng)))
    return result


def main():
    scorer = rouge_scorer.RougeScorer(TYPES, use_stemmer=False)
    rows = []
    for reference, prediction in pairs(340, 3):
        scores = scorer.score(reference, prediction)
        rows.append([reference, prediction] + [float(scores[t].fmeasure) for t in TYPES])
    path = pathlib.Path(sys.argv[1])
    path.write_text("[\n" + ",\n".join(json.dumps(r, separators=(",", ":")) for r in rows) + "\n]\n")
    print(path, len(rows), "cases,", path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
