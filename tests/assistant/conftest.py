"""A small real repository with a real index, for questions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from localdev.backends.embedders import make_embedder
from localdev.index.repository import IndexedRepository, open_repository

PRICING = '''"""Prices and discounts."""


def discount(customer: str, amount: float) -> float:
    """Give the discount for a customer. Gold customers get ten percent."""
    if customer == "gold":
        return amount * 0.1
    return 0.0
'''
CART = '''"""What is in the cart."""

from shop.pricing import discount


def total(customer: str, amount: float) -> float:
    """Give the price after the discount."""
    return amount - discount(customer, amount)
'''
STORE = '''"""Orders on disk."""

import json


class OrderStore:
    """Keeps orders in a JSON file."""

    def save_order(self, order: dict) -> None:
        """Append one order to the file, retrying when the disk is busy."""
        with open("orders.json", "a") as file:
            file.write(json.dumps(order))
'''
README = "# Shop\n\n## Returns\n\nGoods can be returned within thirty days.\n"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Write the repository's files."""
    root = tmp_path / "shop-repository"
    for name, text in {
        "shop/pricing.py": PRICING,
        "shop/cart.py": CART,
        "shop/store.py": STORE,
        "README.md": README,
    }.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


@pytest.fixture
def repository(shop: Path, tmp_path: Path) -> Iterator[IndexedRepository]:
    """Open the repository with its index and the shipped embedder."""
    with open_repository(shop, tmp_path / "index", make_embedder()) as opened:
        yield opened
