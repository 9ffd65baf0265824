"""Compares our ROUGE with rouge-score on many pairs, with and without stemming, and prints the
largest difference; ends non-zero when it is above 1e-9.

    ninja -C build/release rouge_lines
    python3 rouge_many.py <build/release/tests/rouge_lines> [a CSV with columns ref_text, sample] ...

Needs the package `rouge-score`, version 0.1.2 (which brings nltk). Pairs: every row of the CSV files
as it is; seeded edits of those texts; texts of invented words that end in the suffixes that stemmers
cut; the texts of make_rouge_golden.py with their odd characters.
"""

import csv
import json
import random
import subprocess
import sys

from rouge_score import rouge_scorer

from make_rouge_golden import pairs as odd_pairs

TYPES = ["rouge1", "rouge2", "rougeL", "rougeLsum"]
TOLERANCE = 1e-9
EDITS_PER_TEXT = 12
STEM_PAIRS = 6000
ODD_PAIRS = 4000
SUFFIXES = """s sses ies ss ed eed ied ing at bl iz ational tional enci anci izer bli abli alli entli eli ousli
 ization ation ator alism iveness fulness ousness aliti iviti biliti fulli logi icate ative alize iciti ical ful
 ness al ance ence er ic able ible ant ement ment ent sion tion ou ism ate iti ous ive ize e ll ly y lly""".split()
IRREGULAR = """sky skies dying lying tying news innings inning outings outing cannings canning howe proceed exceed
 succeed dies died ties tied agreed feed bled sing hopping falling hissing fizzed failing filing happy enjoy
 conflated troubled sized relational conditional rational valenci digitizer radically vileli analogously
 apologi logi archaeologi ion adoption say saying youth yyyy 1990s 3rd""".split()


def csv_pairs(paths):
    rows = []
    for path in paths:
        with open(path, newline="", encoding="utf-8") as file:
            rows += [(row["ref_text"], row["sample"]) for row in csv.DictReader(file)]
    return rows


def edited(rng, text):
    words = text.split(" ")
    for _ in range(rng.randint(1, max(2, len(words) // 3))):
        i = rng.randrange(len(words))
        kind = rng.randrange(5)
        if kind == 0:
            words[i] = ""
        elif kind == 1:
            j = rng.randrange(len(words))
            words[i], words[j] = words[j], words[i]
        elif kind == 2:
            words[i] += "\n"
        elif kind == 3:
            words[i] = rng.choice(words).upper()
        else:
            words[i] = words[i].rstrip("s") + rng.choice(SUFFIXES)
    return " ".join(words)


def invented_word(rng):
    if rng.random() < 0.15:
        return rng.choice(IRREGULAR)
    stem = "".join(rng.choice("aeiouybcdfghlmnprstvwxz") for _ in range(rng.randint(0, 6)))
    return stem + "".join(rng.choice(SUFFIXES) for _ in range(rng.randint(1, 2)))


def stem_pair(rng):
    reference = [invented_word(rng) for _ in range(rng.randint(1, 25))]
    prediction = [word if rng.random() < 0.3 else word.rstrip("s") + rng.choice(SUFFIXES) for word in reference]
    rng.shuffle(prediction)
    return " ".join(reference), " ".join(prediction)


def all_pairs(paths):
    rng = random.Random(7)
    rows = csv_pairs(paths)
    edits = [(ref, edited(rng, text)) for ref, sample in rows for text in (ref, sample)
             for _ in range(EDITS_PER_TEXT // 2)]
    return rows + edits + [stem_pair(rng) for _ in range(STEM_PAIRS)] + odd_pairs(ODD_PAIRS, 11)


def main():
    rows = all_pairs(sys.argv[2:])
    lines = "".join(json.dumps({"reference": r, "prediction": p}) + "\n" for r, p in rows)
    ours = subprocess.run([sys.argv[1]], input=lines, capture_output=True, text=True, check=True).stdout.splitlines()
    assert len(ours) == len(rows), (len(ours), len(rows))
    scorers = [rouge_scorer.RougeScorer(TYPES, use_stemmer=stems) for stems in (False, True)]
    largest = stemmed = 0
    for (reference, prediction), line in zip(rows, ours):
        theirs = [scorer.score(reference, prediction)[t].fmeasure for scorer in scorers for t in TYPES]
        stemmed += theirs[:4] != theirs[4:]
        for a, b in zip(map(float, line.split()), theirs):
            if abs(a - b) > TOLERANCE:
                print("DIFFERS", a, b, json.dumps([reference, prediction]))
            largest = max(largest, abs(a - b))
    print(f"{len(rows)} pairs, {stemmed} of which stemming changes; largest difference {largest:.3g}")
    sys.exit(largest > TOLERANCE)


if __name__ == "__main__":
    main()
