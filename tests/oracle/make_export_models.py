"""Tiny models with random weights and byte-level tokenizers, to be exported and read back.

  make_export_models.py DIR      writes DIR/llama, DIR/llama31, DIR/qwen2, DIR/neox
"""
import pathlib
import shutil
import sys

import torch
from transformers import (GPTNeoXConfig, GPTNeoXForCausalLM, LlamaConfig, LlamaForCausalLM, Qwen2Config,
                          Qwen2ForCausalLM)

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "golden"
COMMON = dict(vocab_size=512, hidden_size=64, num_hidden_layers=2, num_attention_heads=4,
              max_position_embeddings=128, bos_token_id=0, eos_token_id=1)


def write(directory, tokenizer, model, seed):
    g = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, p in model.named_parameters():
            gain = "norm" in name and name.endswith("weight")
            p.copy_(torch.randn(p.shape, generator=g) * (0.2 if gain else 0.12) + (1.0 if gain else 0.0))
    model.save_pretrained(directory)
    shutil.copy(GOLDEN / tokenizer / "tokenizer.json", directory)


if __name__ == "__main__":
    to = pathlib.Path(sys.argv[1])
    write(to / "llama", "byte_level_llama3", LlamaForCausalLM(LlamaConfig(
        **COMMON, intermediate_size=128, num_key_value_heads=2, attention_bias=True,
        tie_word_embeddings=False)), 1)
    write(to / "llama31", "byte_level_llama3", LlamaForCausalLM(LlamaConfig(
        **COMMON, intermediate_size=128, num_key_value_heads=2, tie_word_embeddings=False,
        rope_parameters={"rope_type": "llama3", "rope_theta": 10000.0, "factor": 8.0, "low_freq_factor": 1.0,
                         "high_freq_factor": 4.0, "original_max_position_embeddings": 32})), 4)
    write(to / "qwen2", "byte_level_qwen2", Qwen2ForCausalLM(Qwen2Config(
        **COMMON, intermediate_size=96, num_key_value_heads=2, tie_word_embeddings=True)), 2)
    write(to / "neox", "byte_level_neox", GPTNeoXForCausalLM(GPTNeoXConfig(
        **COMMON, intermediate_size=128, rotary_pct=0.25, use_parallel_residual=True)), 3)
