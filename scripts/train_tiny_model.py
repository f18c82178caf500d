"""Train the tiny language model of the tests and write it as GGUF. Needs `pip install torch gguf tokenizers`.

    python scripts/train_tiny_model.py --out tests/data/tiny.gguf --steps 1600 --seed 7

The corpus is the source text of the running Python's standard library (PSF licence), its tests left out. The model is
a llama-architecture transformer of about 1.1 million float32 parameters with a byte-level BPE vocabulary. Most of what
it reads is plain source; a part is chat turns (a function's name and documentation, answered by its code) and a part is
fill-in-the-middle, so that templates and markers mean something to it. Beside the model a `*-reference.json` is
written: token ids of sample texts from the reference tokenizer and logits from the PyTorch model, against which the
tests compare what llama.cpp computes. The model is for tests alone.
"""

# mypy: disable-error-code="misc,no-untyped-call"
# torch is no dependency of the project, so its classes are unknown to the type checker.

from __future__ import annotations

import argparse
import ast
import hashlib
import json
import math
import platform
import random
import sysconfig
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from gguf import GGUFWriter, LlamaFileType, TokenType
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from torch import nn
from torch.nn import functional

SPECIALS = ["<s>", "</s>", "<|im_start|>", "<|im_end|>", "<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"]
BOS, EOS, IM_START, IM_END, FIM_PREFIX, FIM_SUFFIX, FIM_MIDDLE = range(len(SPECIALS))
LEFT_OUT = {"test", "tests", "site-packages", "idlelib", "lib2to3", "turtledemo", "ensurepip", "__pycache__"}
CHAT_TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' "
    "+ '\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
SAMPLES = [
    "import os\nimport sys\n\n\nclass Reader:\n    def __init__(self, path):\n        self.path = path\n",
    "def parse(text, *, strict=False):\n\tfor i, line in enumerate(text.split('\\n')):\n\t\treturn 12345 + i\n",
    "Grüße, 世界 — naïve café 🙂  \r\n\n   trailing   ",
    "",
    "it's <|not a marker|>, isn't it? x=[1,2.5e-3];#!",
]


@dataclass(frozen=True)
class Shape:
    """Sizes of the network; `context` is the longest sequence it is trained on, in tokens."""

    vocabulary: int = 2048
    width: int = 128
    layers: int = 5
    heads: int = 4
    kv_heads: int = 2
    hidden: int = 320
    context: int = 2048
    rope_base: float = 10000.0
    epsilon: float = 1e-5

    @property
    def head(self) -> int:
        """Width of one attention head."""
        return self.width // self.heads


class Layer(nn.Module):
    """One transformer layer: grouped-query attention with rotary positions, then a gated feed-forward part."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.attention_norm = nn.RMSNorm(shape.width, eps=shape.epsilon)
        self.query = nn.Linear(shape.width, shape.heads * shape.head, bias=False)
        self.key = nn.Linear(shape.width, shape.kv_heads * shape.head, bias=False)
        self.value = nn.Linear(shape.width, shape.kv_heads * shape.head, bias=False)
        self.output = nn.Linear(shape.heads * shape.head, shape.width, bias=False)
        self.feed_norm = nn.RMSNorm(shape.width, eps=shape.epsilon)
        self.gate = nn.Linear(shape.width, shape.hidden, bias=False)
        self.up = nn.Linear(shape.width, shape.hidden, bias=False)
        self.down = nn.Linear(shape.hidden, shape.width, bias=False)

    def forward(self, x: torch.Tensor, turn: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
        """Map (batch, time, width) to the same shape."""
        batch, time_steps, _ = x.shape
        y = self.attention_norm(x)
        q = self.query(y).view(batch, time_steps, self.shape.heads, self.shape.head).transpose(1, 2)
        k = self.key(y).view(batch, time_steps, self.shape.kv_heads, self.shape.head).transpose(1, 2)
        v = self.value(y).view(batch, time_steps, self.shape.kv_heads, self.shape.head).transpose(1, 2)
        repeat = self.shape.heads // self.shape.kv_heads
        k, v = rotate(k, turn).repeat_interleave(repeat, 1), v.repeat_interleave(repeat, 1)
        mixed = functional.scaled_dot_product_attention(rotate(q, turn), k, v, is_causal=True)
        x = x + self.output(mixed.transpose(1, 2).reshape(batch, time_steps, -1))
        y = self.feed_norm(x)
        return x + self.down(functional.silu(self.gate(y)) * self.up(y))


def rotate(x: torch.Tensor, turn: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
    """Turn neighbouring pairs (2i, 2i+1) of each head: the order of llama.cpp's `llama` architecture."""
    cosine, sine = turn
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.stack((even * cosine - odd * sine, even * sine + odd * cosine), dim=-1).flatten(-2)


class TinyModel(nn.Module):
    """Embedding, layers, norm, and the embedding again as the output matrix."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.embedding = nn.Embedding(shape.vocabulary, shape.width)
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape.layers))
        self.norm = nn.RMSNorm(shape.width, eps=shape.epsilon)
        frequency = shape.rope_base ** (-torch.arange(0, shape.head, 2).float() / shape.head)
        angle = torch.arange(shape.context).float()[:, None] * frequency[None]
        self.register_buffer("cosine", angle.cos(), persistent=False)
        self.register_buffer("sine", angle.sin(), persistent=False)
        for parameter in self.parameters():
            if parameter.dim() > 1:
                nn.init.normal_(parameter, std=0.02)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        """Give logits of shape (batch, time, vocabulary) for ids of shape (batch, time)."""
        turn = (self.cosine[: ids.shape[1]], self.sine[: ids.shape[1]])
        x = self.embedding(ids)
        for layer in self.layers:
            x = layer(x, turn)
        return functional.linear(self.norm(x), self.embedding.weight)


def read_corpus() -> list[str]:
    """Give the standard library's source files in order of their paths."""
    root = Path(sysconfig.get_paths()["stdlib"])
    found = []
    for path in sorted(root.rglob("*.py")):
        if not LEFT_OUT & set(path.relative_to(root).parts):
            found.append(path.read_text(encoding="utf-8", errors="replace"))
    return found


def chat_texts(source: str) -> Iterator[tuple[str, str]]:
    """Give (question, code) for each documented function of a file that is short enough."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            doc, code = ast.get_docstring(node), ast.get_source_segment(source, node)
            if doc and code and len(code) < 1500:
                yield f"{node.name}: {doc.splitlines()[0]}", code


def train_tokenizer(texts: list[str], size: int) -> Tokenizer:
    """Learn a byte-level BPE vocabulary with GPT-2's splitting, the special tokens first."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=SPECIALS,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def build_stream(texts: list[str], tokenizer: Tokenizer, generator: random.Random) -> np.ndarray:
    """Give all training documents as one row of ids: plain files, chat turns and fill-in-the-middle, shuffled."""
    documents: list[list[int]] = []

    def encode(text: str) -> list[int]:
        ids: list[int] = tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    for text in texts:
        ids = encode(text)
        documents += [[BOS, *ids[at : at + 1500], EOS] for at in range(0, len(ids), 1500)]
        for question, code in chat_texts(text):
            turn = [IM_START, *encode("user\n" + question), IM_END, *encode("\n")]
            documents.append([BOS, *turn, IM_START, *encode("assistant\n" + code), IM_END, *encode("\n"), EOS])
            if generator.random() < 0.5:
                cut = sorted(generator.sample(range(len(code)), 2))
                before, middle, after = code[: cut[0]], code[cut[0] : cut[1]], code[cut[1] :]
                asked = [FIM_PREFIX, *encode(before), FIM_SUFFIX, *encode(after), FIM_MIDDLE]
                documents.append([BOS, *asked, *encode(middle), EOS])
    generator.shuffle(documents)
    return np.concatenate([np.array(document, dtype=np.int32) for document in documents])


def train(model: TinyModel, stream: np.ndarray, *, steps: int, seed: int, device: str) -> float:
    """Train with AdamW on 2048 tokens a step: windows of 256, and in the last eighth of the steps the full context.

    Returns the mean loss over the last twentieth of the steps, in nats per token.
    """
    generator = np.random.default_rng(seed)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, betas=(0.9, 0.95), weight_decay=0.05)
    long_from, losses, started = steps * 7 // 8, [], time.monotonic()
    for step in range(steps):
        length, rows = (model.shape.context, 1) if step >= long_from else (256, 8)
        warm = min(1.0, (step + 1) / 100)
        for group in optimizer.param_groups:
            group["lr"] = 3e-3 * warm * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * step / steps)))
        starts = generator.integers(0, len(stream) - length - 1, rows)
        batch = torch.from_numpy(np.stack([stream[at : at + length + 1] for at in starts])).long().to(device)
        logits = model(batch[:, :-1])
        loss = functional.cross_entropy(logits.flatten(0, 1), batch[:, 1:].flatten())
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
        if step % 100 == 0:
            print(f"step {step} of {steps}: loss {loss.item():.3f}, {time.monotonic() - started:.0f} s", flush=True)
    return float(np.mean(losses[-max(1, steps // 20) :]))


def write_gguf(path: Path, model: TinyModel, tokenizer: Tokenizer) -> None:
    """Write weights, vocabulary and chat template; every tensor stays float32."""
    shape = model.shape
    writer = GGUFWriter(path, "llama")
    writer.add_name("localdev tiny test model")
    writer.add_description("Trained on the Python standard library's source; for tests only")
    writer.add_license("Python-2.0")
    writer.add_file_type(LlamaFileType.ALL_F32)
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.hidden)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_layer_norm_rms_eps(shape.epsilon)
    writer.add_rope_dimension_count(shape.head)
    writer.add_rope_freq_base(shape.rope_base)
    writer.add_vocab_size(shape.vocabulary)
    _write_vocabulary(writer, tokenizer)
    for name, tensor in _named_tensors(model):
        writer.add_tensor(name, tensor.detach().cpu().float().numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _write_vocabulary(writer: GGUFWriter, tokenizer: Tokenizer) -> None:
    """Add tokens, types, merges, the special ids and the template."""
    vocabulary = json.loads(tokenizer.to_str())["model"]
    tokens = sorted(vocabulary["vocab"], key=vocabulary["vocab"].__getitem__)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types([TokenType.CONTROL if token in SPECIALS else TokenType.NORMAL for token in tokens])
    writer.add_token_merges([" ".join(merge) for merge in vocabulary["merges"]])
    writer.add_bos_token_id(BOS)
    writer.add_eos_token_id(EOS)
    writer.add_eot_token_id(IM_END)
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(False)
    writer.add_uint32("tokenizer.ggml.fim_pre_token_id", FIM_PREFIX)
    writer.add_uint32("tokenizer.ggml.fim_suf_token_id", FIM_SUFFIX)
    writer.add_uint32("tokenizer.ggml.fim_mid_token_id", FIM_MIDDLE)
    writer.add_chat_template(CHAT_TEMPLATE)


def _named_tensors(model: TinyModel) -> Iterator[tuple[str, torch.Tensor]]:
    """Give (GGUF name, weights); the output matrix is the embedding, so it is not written twice."""
    yield "token_embd.weight", model.embedding.weight
    parts = {
        "attn_norm": "attention_norm",
        "attn_q": "query",
        "attn_k": "key",
        "attn_v": "value",
        "attn_output": "output",
        "ffn_norm": "feed_norm",
        "ffn_gate": "gate",
        "ffn_up": "up",
        "ffn_down": "down",
    }
    for number, layer in enumerate(model.layers):
        for name, attribute in parts.items():
            yield f"blk.{number}.{name}.weight", getattr(layer, attribute).weight
    yield "output_norm.weight", model.norm.weight


def write_reference(path: Path, model: TinyModel, tokenizer: Tokenizer) -> None:
    """Write token ids of the sample texts, and for each the PyTorch logits after `<s>` and those ids."""
    model.eval()
    rows = []
    for text in SAMPLES:
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        with torch.no_grad():
            logits = model(torch.tensor([[BOS, *ids]], device=model.embedding.weight.device))[0, -1].cpu()
        rows.append({"text": text, "ids": ids, "logits": [round(value, 5) for value in logits.tolist()]})
    path.write_text(json.dumps(rows, ensure_ascii=True) + "\n", encoding="utf-8")


def main() -> None:
    """Read the arguments, train, write, and print the figures for the card."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=1600)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    texts = read_corpus()
    corpus_digest = hashlib.sha256("\0".join(texts).encode()).hexdigest()
    shape = Shape()
    tokenizer = train_tokenizer(texts, shape.vocabulary)
    stream = build_stream(texts, tokenizer, random.Random(options.seed))
    model = TinyModel(shape).to(options.device)
    parameters = sum(parameter.numel() for parameter in model.parameters())
    print(f"{len(texts)} files, {len(stream)} tokens, {parameters} parameters", flush=True)
    loss = train(model, stream, steps=options.steps, seed=options.seed, device=options.device)
    write_gguf(options.out, model, tokenizer)
    write_reference(options.out.with_name(options.out.stem + "-reference.json"), model, tokenizer)
    print(f"Python {platform.python_version()}, corpus sha256 {corpus_digest}")
    print(f"loss {loss:.3f} nats per token; sha256 {hashlib.sha256(options.out.read_bytes()).hexdigest()}")


if __name__ == "__main__":
    main()
