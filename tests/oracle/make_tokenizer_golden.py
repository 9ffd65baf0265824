"""Golden token ids from the reference tokenizer library.

    python3 make_tokenizer_golden.py <directory of stories260K-hf> <tests/golden>

Needs the package `tokenizers` (0.23.3 was used). Writes
    tiny_bpe/tokenizer.json     a small BPE tokenizer of our own, with byte fallback for some bytes
    tokenizer_tiny_bpe.json     its golden cases
    tokenizer_stories260k.json  golden cases of the real tokenizer, which is not part of this tree
A case is [text, ids, decoded, continuation ids]; the last are those of the same tokenizer without
Prepend and without special tokens.
"""

import json
import pathlib
import random
import sys

from tokenizers import Tokenizer

WORDS = ["once", "upon", "a", "time", "there", "was", "little", "girl", "Lily", "and", "her", "Mom",
         "said", "\"No!\"", "don't", "3.14", "TL;DR:", "the", "ababab", "cafe\u0301", "na\u00efve",
         "\u4f60\u597d", "\u0416\u0443\u043a", "\U0001f600", "\u2581", "_", "<0x0A>", "<s>", "</s>",
         "<unk>", "<|x|>", "<|x|>y", "<|", "\ufffd", "\u200d", "\u00a0"]
SPACES = [" ", " ", " ", "  ", "   ", "\n", "\n\n", "\t", "\r\n", "", "\u2003"]
CHARACTERS = ([chr(c) for c in range(0x80)] + [chr(c) for c in range(0xa0, 0x180, 7)] +
              list("\u0301\u0416\u05d0\u0e01\u2028\u2581\u4f60\uac00\ufeff\uffff\U0001f468\U0010ffff"))


def texts(count, seed):
    rng = random.Random(seed)
    result = ["", " ", "  ", "\n", "a", " a", "a ", "\x00", "\ufeffa", "<s>", "a<s>b", "<s> a </s>",
              " <s>", "<<s>>", "aaaaaaaa", "abababab", "_a", "\u2581a"]
    result += [chr(c) for c in range(1, 0x20)] + ["\x7f", "\x80", "\x9f"]
    while len(result) < count:
        if rng.random() < 0.6:
            pieces = [rng.choice(WORDS) + rng.choice(SPACES) for _ in range(rng.randint(1, 8))]
        else:
            pieces = [rng.choice(CHARACTERS) for _ in range(rng.randint(1, 20))]
        result.append("".join(pieces))
    return result


def without_prepend(tokenizer):
    """The tokenizer that sees a text as the continuation of another one."""
    parts = json.loads(tokenizer.to_str())
    parts["normalizer"]["normalizers"] = [
        step for step in parts["normalizer"]["normalizers"] if step["type"] != "Prepend"]
    parts["post_processor"] = None
    return Tokenizer.from_str(json.dumps(parts))


def cases(tokenizer, count, seed):
    continuing = without_prepend(tokenizer)
    result = []
    for text in texts(count, seed):
        ids = tokenizer.encode(text).ids
        result.append([text, ids, tokenizer.decode(ids), continuing.encode(text).ids])
    return result


def bpe_vocabulary(merges):
    """Specials, bytes of control characters and of some UTF-8 sequences, characters, merges."""
    bytes_kept = list(range(0x20)) + list(range(0x80, 0xc0)) + [0xc2, 0xc3, 0xe2]
    tokens = ["<unk>", "<s>", "</s>"] + ["<0x%02X>" % b for b in bytes_kept]
    tokens += list("_abcdehilmnoprstuwy'.!0\u00e9\u4f60")
    tokens += [left + right for left, right in merges]
    return {token: i for i, token in enumerate(dict.fromkeys(tokens))}


def tiny_bpe():
    merges = [["_", "a"], ["a", "b"], ["h", "e"], ["t", "he"], ["_", "the"], ["ab", "ab"], ["n", "d"],
              ["_a", "nd"], ["_", "w"], ["a", "s"], ["_w", "as"], ["_", "_"], ["__", "__"],
              ["o", "n"], ["on", "c"], ["onc", "e"], ["a", "a"]]
    vocabulary = bpe_vocabulary(merges)
    added = [("<unk>", False, True), ("<s>", False, True), ("</s>", False, True),
             ("<|x|>", False, False), ("<|x|>y", False, False), ("once upon", True, False)]
    for content, _, _ in added:
        vocabulary.setdefault(content, len(vocabulary))
    ids = dict(vocabulary)
    for content in ("<|x|>", "<|x|>y", "once upon"):
        del vocabulary[content]
    replace = lambda a, b: {"type": "Replace", "pattern": {"String": a}, "content": b}
    return {
        "version": "1.0", "truncation": None, "padding": None,
        "added_tokens": [
            {"id": ids[content], "content": content, "single_word": False, "lstrip": False,
             "rstrip": False, "normalized": normalized, "special": special}
            for content, normalized, special in added],
        "normalizer": {"type": "Sequence", "normalizers": [
            {"type": "Prepend", "prepend": "_"}, replace(" ", "_")]},
        "pre_tokenizer": None,
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}},
                       {"Sequence": {"id": "A", "type_id": 0}},
                       {"SpecialToken": {"id": "</s>", "type_id": 0}}],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {
                token: {"id": token, "ids": [ids[token]], "tokens": [token]}
                for token in ("<s>", "</s>")}},
        "decoder": {"type": "Sequence", "decoders": [
            replace("_", " "), {"type": "ByteFallback"}, {"type": "Fuse"},
            {"type": "Strip", "content": " ", "start": 1, "stop": 0}]},
        "model": {"type": "BPE", "dropout": None, "unk_token": "<unk>",
                  "continuing_subword_prefix": None, "end_of_word_suffix": None, "fuse_unk": True,
                  "byte_fallback": True, "vocab": vocabulary, "merges": merges},
    }


def write(path, value):
    path.write_text(json.dumps(value, separators=(",", ":")) + "\n")
    print(path, path.stat().st_size, "bytes")


def write_cases(path, rows):
    path.write_text("[\n" + ",\n".join(json.dumps(r, separators=(",", ":")) for r in rows) + "\n]\n")
    print(path, len(rows), "cases,", path.stat().st_size, "bytes")


def main():
    stories = pathlib.Path(sys.argv[1])
    golden = pathlib.Path(sys.argv[2])
    tiny = golden / "tiny_bpe" / "tokenizer.json"
    tiny.parent.mkdir(parents=True, exist_ok=True)
    write(tiny, tiny_bpe())
    write_cases(golden / "tokenizer_tiny_bpe.json", cases(Tokenizer.from_file(str(tiny)), 200, 1))
    real = Tokenizer.from_file(str(stories / "tokenizer.json"))
    write_cases(golden / "tokenizer_stories260k.json", cases(real, 300, 2))


main()
