"""Whether transformers computes the same with what `rotate --rotations 1000` wrote, in any type and any shards.

  python read_rotated.py SOURCE ROTATED [ROTATED ...]

prints, for every rotated directory, the type that transformers finds in it and the largest difference of a logit from
the source's, relative to the largest logit, both computed in float32. R3 and R4 run online: no other program has them.
"""

import sys

import torch
from transformers import AutoModelForCausalLM


def load(directory):
    model = AutoModelForCausalLM.from_pretrained(directory, dtype="auto")
    return model.dtype, model.float().eval()


def main():
    _, source = load(sys.argv[1])
    vocabulary = source.config.vocab_size
    ids = torch.tensor([[(1 + 79 * i) % vocabulary for i in range(40)]])
    with torch.no_grad():
        before = source(ids).logits
        for directory in sys.argv[2:]:
            dtype, rotated = load(directory)
            difference = (rotated(ids).logits - before).abs().max() / before.abs().max()
            print(directory, dtype, f"{difference.item():.2e}")


main()
