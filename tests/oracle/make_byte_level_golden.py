"""Small byte-level tokenizers and what the package `tokenizers` makes of texts with them.

    python3 make_byte_level_golden.py <tests/golden>

Trains three tokenizers of 400 tokens on a few sentences, with the parts of the real families, and
writes for each
    byte_level_<family>/tokenizer.json
    tokenizer_byte_level_<family>.json   cases [text, ids, decoded]
`neox`: ByteLevel with its own expression, NFC, runs of spaces as normalized added tokens; `qwen2`:
Split and ByteLevel, NFC in a Sequence, added tokens that strip or want to stand alone; `llama3`:
ignore_merges, a token that no merges give, BOS by a Sequence of post-processors; `prefix`: qwen2's
expression with add_prefix_space and another expression after it. Needs tokenizers 0.23.3.
"""

import json
import pathlib
import random
import sys

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers
from tokenizers import processors, trainers

from tokenizer_many import PIECES, random_text

QWEN2 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|"
         r"\s*[\r\n]+|\s+(?!\S)|\s+")
LLAMA3 = QWEN2.replace(r"|\p{N}|", r"|\p{N}{1,3}|")
SENTENCES = ["The little girl said hello to the world, and the world said: don't be late!",
             "  She'd have 1234567 reasons; we'll see 12 of them in 2024.\n\n    return x == {}\n",
             "na\u00efve caf\u00e9 \u4f60\u597d \u0416\u0443\u043a \U0001f600 I'VE TL;DR: \u2019s \u2026 ...",
             "the summary of the post is that the author wants to know what the other should do"]


def split(pattern):
    return pre_tokenizers.Split(Regex(pattern), behavior="isolated")


def byte_level(prefix, regex):
    return pre_tokenizers.ByteLevel(add_prefix_space=prefix, use_regex=regex)


SPLITS = {"neox": byte_level(False, True),
          "qwen2": pre_tokenizers.Sequence([split(QWEN2), byte_level(False, False)]),
          "llama3": pre_tokenizers.Sequence([split(LLAMA3), byte_level(False, False)]),
          "prefix": pre_tokenizers.Sequence([split(QWEN2), byte_level(True, True)])}


def added(content, special=False, **options):
    return AddedToken(content, special=special, normalized=options.pop("normalized", False), **options)


ADDED = {"neox": [added("<|endoftext|>", True)] + [added(" " * n, normalized=True) for n in range(8, 1, -1)],
         "qwen2": [added("<|endoftext|>", True), added("<|im_start|>", True), added("<|im_end|>", True),
                   added("Caf\u00e9", normalized=True), added("TL;DR:", lstrip=True), added("!?", rstrip=True),
                   added("hello", single_word=True), added("==", lstrip=True, rstrip=True)],
         "llama3": [added("<|begin_of_text|>", True), added("<|eot_id|>", True)],
         "prefix": [added("<|endoftext|>", True), added("\u00b2")]}


def train(family):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = SPLITS[family]
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    if family == "neox":
        tokenizer.normalizer = normalizers.NFC()
    if family == "qwen2":
        tokenizer.normalizer = normalizers.Sequence([normalizers.NFC()])
    tokenizer.train_from_iterator(SENTENCES * 3, trainers.BpeTrainer(
        vocab_size=400, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()), show_progress=False))
    if family == "llama3":
        tokenizer = with_known_words(tokenizer)
    tokenizer.add_tokens(ADDED[family])
    return with_bos(tokenizer) if family == "llama3" else tokenizer


def with_known_words(tokenizer):
    """ignore_merges, whole words beyond the reach of merges, and one that merges give in another way."""
    parts = json.loads(tokenizer.to_str())
    vocabulary = parts["model"]["vocab"]
    for word in ("\u0120zebra", "lit", "\u010a\u010a"):
        vocabulary.setdefault(word, len(vocabulary))
    parts["model"]["ignore_merges"] = True
    return Tokenizer.from_str(json.dumps(parts))


def with_bos(tokenizer):
    parts = json.loads(tokenizer.to_str())
    bos = "<|begin_of_text|>"
    parts["post_processor"] = {"type": "Sequence", "processors": [
        {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": False, "use_regex": True},
        {"type": "TemplateProcessing",
         "single": [{"SpecialToken": {"id": bos, "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
         "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
         "special_tokens": {bos: {"id": bos, "ids": [tokenizer.token_to_id(bos)], "tokens": [bos]}}}]}
    return Tokenizer.from_str(json.dumps(parts))


def texts(count, seed):
    rng = random.Random(seed)
    result = ["", " ", "\n", "a", " a", "a ", *SENTENCES, "a  hello b", "ahello hello! hello", "x TL;DR:  y",
              "!?  !?x", " ==  == ", "zebra zebra", "\n\nlit little", "\u00b2 \u00b2x", "x  \u00b2  y"]
    result += ["a%sb" % piece for piece in PIECES]
    while len(result) < count:
        result.append(random_text(rng))
    return [text for text in result if len(text) < 80]


def write_rows(path, rows):
    path.write_text("[\n" + ",\n".join(json.dumps(r, separators=(",", ":")) for r in rows) + "\n]\n")
    print(path, len(rows), "cases,", path.stat().st_size, "bytes")


def main():
    golden = pathlib.Path(sys.argv[1])
    for seed, family in enumerate(SPLITS):
        tokenizer = train(family)
        directory = golden / ("byte_level_" + family)
        directory.mkdir(exist_ok=True)
        parts = json.loads(tokenizer.to_str())
        if family in ("neox", "qwen2"):  # the older of the two ways to write merges
            parts["model"]["merges"] = [" ".join(pair) for pair in parts["model"]["merges"]]
        (directory / "tokenizer.json").write_text(json.dumps(parts, separators=(",", ":")) + "\n")
        rows = []
        for case in texts(350, seed):
            ids = tokenizer.encode(case).ids
            rows.append([case, ids, tokenizer.decode(ids)])
        write_rows(golden / ("tokenizer_byte_level_%s.json" % family), rows)


if __name__ == "__main__":
    main()
