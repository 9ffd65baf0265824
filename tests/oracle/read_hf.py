"""Does transformers compute what we do from `export --format hf`?

  read_hf.py build/release/tests/logit_lines SOURCE EXPORTED

Prints the largest difference of a logit. SOURCE is the model that was exported; logit_lines runs
it with the weights that its forward pass multiplies.
"""
import subprocess
import sys

import torch
from transformers import AutoModelForCausalLM


def our_logits(program, directory, tokens, *more):
    lines = "\n".join(" ".join(map(str, row)) for row in tokens)
    out = subprocess.run([program, directory, *more], input=lines, text=True, capture_output=True, check=True)
    rows = [torch.tensor([float(x) for x in line.split()]) for line in out.stdout.splitlines()]
    return torch.stack([row.view(len(tokens[0]), -1) for row in rows])


def probe_tokens(vocab, rows=4, length=24):
    g = torch.Generator().manual_seed(7)
    return torch.randint(0, vocab, (rows, length), generator=g).tolist()


if __name__ == "__main__":
    program, source, exported = sys.argv[1:]
    model = AutoModelForCausalLM.from_pretrained(exported, dtype="auto").eval()
    tokens = probe_tokens(model.config.vocab_size)
    ours = our_logits(program, source, tokens)
    with torch.no_grad():
        theirs = model.float()(torch.tensor(tokens)).logits
    print(f"{exported}: {type(model).__name__}, {sum(p.numel() for p in model.parameters())} values,"
          f" largest logit {ours.abs().max():.4g}, largest difference {(ours - theirs).abs().max():.3g}")
