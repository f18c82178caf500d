"""A small repository about a shop, for tests that ask and search."""

from __future__ import annotations

from pathlib import Path

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


def write_shop(root: Path) -> Path:
    """Write the repository's files under `root`."""
    files = {"shop/pricing.py": PRICING, "shop/cart.py": CART, "shop/store.py": STORE, "README.md": README}
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root
