"""Golden stems from nltk's Porter stemmer, which rouge-score uses.

    python3 make_porter_golden.py <tests/golden/porter_stems.json>

Needs the packages `rouge-score` (0.1.2) and nltk, which it brings. The words are those of
rouge_many.py: irregular ones, and invented ones with the suffixes that the steps look for.
"""

import json
import pathlib
import random
import sys

from nltk.stem.porter import PorterStemmer

from rouge_many import IRREGULAR, invented_word

WORDS = 1500


def main():
    rng = random.Random(5)
    words = sorted(set(IRREGULAR) | {invented_word(rng) for _ in range(WORDS)})
    stemmer = PorterStemmer()
    path = pathlib.Path(sys.argv[1])
    path.write_text(json.dumps({word: stemmer.stem(word) for word in words}, indent=0) + "\n")
    print(path, len(words), "words,", path.stat().st_size, "bytes")


main()
