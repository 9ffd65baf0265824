"""Conversations as the package `transformers` renders and tokenizes them.

    python3 make_chat_golden.py <shared data> <tests/golden>

Writes chat_templates.json: `cases`, conversations with their text under each template, with and
without the generation prompt; `messages_500`, a 64-bit FNV-1a hash of the ids of every row of the
real file under Qwen2's tokenizer, and the number of ids; `tldr`, what tokenizing a prompt and its
completion together gives (TRL) instead of one after the other, as the number of rows that differ.
Templates are Jinja of our own after the published forms; Qwen2's is that of its tokenizer_config.
Texts are cut behind the last end of an answer. Needs transformers 5 and tokenizers.
"""

import json
import pathlib
import shutil
import sys
import tempfile

from transformers import AutoTokenizer, PreTrainedTokenizerFast

EOS = "</s>"
TULU = ("{% for m in messages %}{% if m['role'] == 'assistant' %}{{ '<|assistant|>\n' + m['content'] + eos_token }}"
        "{% if not loop.last %}{{ '\n' }}{% endif %}{% else %}{{ '<|' + m['role'] + '|>\n' + m['content'] + '\n' }}"
        "{% endif %}{% if loop.last and add_generation_prompt %}{{ '<|assistant|>\n' }}{% endif %}{% endfor %}")
CHATML = ("{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>' + '\n' }}"
          "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}")
LLAMA3 = ("{% for m in messages %}{% if loop.first %}{{ '<|begin_of_text|>' }}{% endif %}"
          "{{ '<|start_header_id|>' + m['role'] + '<|end_header_id|>\n\n' + m['content'] | trim + '<|eot_id|>' }}"
          "{% endfor %}{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}")
PLAIN = ("{% for m in messages %}{{ m['content'] }}{% if m['role'] == 'assistant' %}{{ eos_token }}{% endif %}"
         "{% if not (loop.last and m['role'] == 'assistant') %}{{ '\n' }}{% endif %}{% endfor %}")
END = {"tulu": EOS, "chatml": "<|im_end|>", "qwen2": "<|im_end|>", "llama3": "<|eot_id|>", "plain": EOS}


def talk(*contents, system=None):
    messages = [{"role": "system", "content": system}] if system is not None else []
    return messages + [{"role": ("user", "assistant")[i % 2], "content": c} for i, c in enumerate(contents)]


CASES = [talk("Hello!", "Hi."),
         talk("What is 2 + 2?", "4", "And 3 + 3?", "6", system="You are terse."),
         talk("  spaces around \n", "\n\tan answer with them \n\n"),
         talk("na\u00efve \u4f60\u597d \U0001f600\u3000", "\u00a0\u2003caf\u00e9\u3000"),
         talk("a marker <|im_end|> in the text", "and <|eot_id|> here"),
         talk("line one\nline two", "line one\nline two", "", "an answer to nothing"),
         talk("a", "b", "c", "d", "e", "f", system=""),
         talk("def f(x):\n    return x\n", "```\nf(1)\n```", system="Code:\n\n")]


def fnv(ids):
    value = 0xcbf29ce484222325
    for i in ids:
        for byte in int(i).to_bytes(4, "little"):
            value = (value ^ byte) * 0x100000001b3 % 2**64
    return f"{value:016x}"


def plain_text(content):
    if isinstance(content, str):
        return content
    return "".join(p.get("value", p.get("text")) for p in content)


def cut(text, end):
    return text[:text.rindex(end) + len(end)]


def qwen2(shared):
    with tempfile.TemporaryDirectory() as folder:
        for name in ("vocab.json", "merges.txt", "tokenizer_config.json"):
            shutil.copy(shared / "tokenizers" / f"qwen2_{name}", pathlib.Path(folder) / name)
        return AutoTokenizer.from_pretrained(folder)


def main():
    shared, golden = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    tokenizer = qwen2(shared)
    neox = PreTrainedTokenizerFast(tokenizer_file=str(shared / "tokenizers/pythia_20B_tokenizer.json"))
    forms = {"tulu": TULU, "chatml": CHATML, "qwen2": tokenizer.chat_template, "llama3": LLAMA3, "plain": PLAIN}
    neox.eos_token = EOS

    def render(form, messages, generation):
        return neox.apply_chat_template(messages, chat_template=forms[form], tokenize=False,
                                        add_generation_prompt=generation)

    cases = []
    for messages in CASES:
        texts = {form: cut(render(form, messages, False), END[form]) for form in forms}
        prompts = {form: render(form, messages[:-1], True) for form in forms}
        cases.append({"messages": messages, "texts": texts, "prompts": prompts})

    rows = [json.loads(line) for line in open(shared / "datasets/messages_500.jsonl")]
    hashes = {}
    for form in ("chatml", "qwen2", "tulu"):
        hashes[form] = []
        eos = "<|endoftext|>" if form == "tulu" else "<|im_end|>"
        for row in rows:
            messages = [{"role": m["role"], "content": plain_text(m["content"])} for m in row["messages"]]
            text = tokenizer.apply_chat_template(messages, chat_template=forms[form], tokenize=False,
                                                 eos_token=eos) if form != "tulu" else \
                render("tulu", messages, False).replace(EOS, eos)
            ids = tokenizer(cut(text, eos), add_special_tokens=False)["input_ids"]
            hashes[form].append([len(ids), fnv(ids)])

    tldr = {}
    for name in ("tldr_100", "xsum_tldr_200", "samsum_200"):
        tldr[name] = {}
        for who, tok in (("pythia", neox), ("qwen2", tokenizer)):
            differ = 0
            for line in open(shared / f"datasets/{name}.jsonl"):
                row = json.loads(line)
                prompt, completion = row["prompt"], row["completion"].removesuffix("<|endoftext|>")
                apart = tok(prompt)["input_ids"] + tok(completion)["input_ids"]
                differ += apart != tok(prompt + completion)["input_ids"]
            tldr[name][who] = differ
    result = {"cases": cases, "eos": EOS, "messages_500": hashes, "tokenized_together_differ": tldr}
    (golden / "chat_templates.json").write_text(json.dumps(result, indent=None, separators=(",", ":")) + "\n")
    print(tldr)


if __name__ == "__main__":
    main()
