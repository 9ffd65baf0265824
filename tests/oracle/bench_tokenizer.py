"""Speed of our tokenizer beside the package `tokenizers`, one thread each, in one run.

    RAYON_NUM_THREADS=1 TOKENIZERS_PARALLELISM=false taskset -c 0 \\
        python3 bench_tokenizer.py <tokenizer_bench> <directory with tokenizer.json> <file> ...

Alternates the two five times and prints the medians of processor time and their ratio; the package
is taken at the fastest of its three ways to encode. Ids must be the same.
"""

import json
import statistics
import subprocess
import sys
import time

from tokenizers import Tokenizer


def texts_of(name):
    if not name.endswith(".jsonl"):
        return [open(name, encoding="utf-8", newline="").read()]
    rows = [json.loads(line) for line in open(name, encoding="utf-8")]
    return [row if isinstance(row, str) else row["prompt"] + row["completion"] for row in rows]


def fingerprint(encodings):
    value = 0
    for encoding in encodings:
        for i in encoding.ids:
            value = (value * 31 + i) & 0xffffffff
    return value


def seconds(action):
    times = []
    for _ in range(5):
        begin = time.process_time()
        action()
        times.append(time.process_time() - begin)
    return statistics.median(times)


def main():
    program, directory, files = sys.argv[1], sys.argv[2], sys.argv[3:]
    tokenizer = Tokenizer.from_file(directory + "/tokenizer.json")
    texts = [text for name in files for text in texts_of(name)]
    ways = {"encode": lambda: [tokenizer.encode(text) for text in texts],
            "encode_batch": lambda: tokenizer.encode_batch(texts),
            "encode_batch_fast": lambda: tokenizer.encode_batch_fast(texts)}
    times = {name: [] for name in ways}
    ours = []
    for _ in range(5):
        output = subprocess.run([program, directory, *files], stdout=subprocess.PIPE, check=True)
        result = json.loads(output.stdout)
        ours.append(result["seconds"])
        for name, way in ways.items():
            times[name].append(seconds(way))
    assert result["fingerprint"] == fingerprint(tokenizer.encode_batch(texts)), "other ids"
    medians = {name: statistics.median(t) for name, t in times.items()}
    best = min(medians, key=medians.get)
    ratios = sorted(t / o for t, o in zip(times[best], ours))
    mega = result["bytes"] / 1e6
    print("%d texts, %.2f MB, %d tokens: ours %.1f MB/s, %.3g tokens/s; tokenizers (%s) %.1f MB/s, %.3g "
          "tokens/s; ratio %.1f (%.1f ... %.1f)"
          % (len(texts), mega, result["tokens"], mega / statistics.median(ours),
             result["tokens"] / statistics.median(ours), best, mega / medians[best],
             result["tokens"] / medians[best], statistics.median(ratios), ratios[0], ratios[-1]))


if __name__ == "__main__":
    main()
