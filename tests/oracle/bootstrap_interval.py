"""The literals of tests/eval/bootstrap_test.cpp, computed with numpy's quantiles and a SplitMix64 of
our own hand: python3 bootstrap_interval.py"""

import numpy

MASK = 2**64 - 1


def random_bits(key, index):
    z = (key + (index + 1) * 0x9E3779B97F4A7C15) & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def interval(values, confidence, resamples, seed):
    n = len(values)  # a power of two, so that no draw is skipped
    means = []
    for r in range(resamples):
        key = random_bits(seed, r)
        means.append(sum(values[random_bits(key, i) * n >> 64] for i in range(n)) / n)
    tail = (1 - confidence) / 2
    return [float(q) for q in numpy.quantile(means, [tail, 1 - tail])]


VALUES = [0.5, 0.25, 1.0, 0.0, 0.75, 0.125, 2.0, -1.0]
print(interval(VALUES, 0.95, 1000, 0), interval(VALUES, 0.95, 1000, 1), interval(VALUES, 0.5, 11, 42))
