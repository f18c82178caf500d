"""What the index tests share: a small deterministic embedder and a small repository."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from localdev.core.words import words
from localdev.index.repository import IndexedRepository

if TYPE_CHECKING:
    from localdev.core.ports import FloatMatrix

Opener = Callable[..., IndexedRepository]


@cache
def direction(word: str, dimension: int) -> FloatMatrix:
    """Give the direction of a word, shape (dimension,)."""
    seed = hashlib.blake2b(word.encode(), digest_size=dimension).digest()
    return np.frombuffer(seed, dtype=np.uint8).astype(np.float32) - 127.5


class HashingEmbedder:
    """Adds up one fixed random direction per word: texts that share words are near each other."""

    def __init__(self, name: str = "hashing-1", dimension: int = 64) -> None:
        self.name = name
        self.dimension = dimension
        self.texts = 0

    def embed(self, texts: Sequence[str]) -> FloatMatrix:
        """Give unit vectors, zero for a text without words."""
        self.texts += len(texts)
        out = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for row, text in enumerate(texts):
            for word in words(text):
                out[row] += direction(word, self.dimension)
            length = float(np.linalg.norm(out[row]))
            if length:
                out[row] /= length
        return out


FILES = {
    "src/shop/cart.py": '''"""The shopping cart."""

TAX = 0.19


class Cart:
    """Items a customer wants to buy."""

    def __init__(self) -> None:
        self.items = []

    def add(self, item, count=1):
        """Put an item into the cart."""
        self.items.append((item, count))

    def total_price(self):
        """Sum of all prices with tax."""
        return sum(item.price * count for item, count in self.items) * (1 + TAX)
''',
    "src/shop/checkout.py": '''"""Paying for a cart."""

from shop.cart import Cart


def charge_card(card, amount):
    """Take money from a credit card."""
    return card.withdraw(amount)


def pay(cart: Cart, card):
    """Charge the total price of the cart."""
    return charge_card(card, cart.total_price())
''',
    "tests/test_cart.py": """from shop.cart import Cart


def test_total():
    cart = Cart()
    assert cart.total_price() == 0
""",
    "README.md": """# Shop

A tiny shop.

## Paying

Cards are charged by `charge_card`.
""",
}


def write_files(root: Path, files: dict[str, str]) -> None:
    """Write texts below a folder."""
    for path, text in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
