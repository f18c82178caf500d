"""The word lists of retrieval: what is dropped from a sentence, what asks for a kind of file, what a file ends in."""

from __future__ import annotations


def word_set(text: str) -> frozenset[str]:
    """Give the words of a text as a set."""
    return frozenset(text.split())


# Words that carry the sentence and not the subject; dropped from sentences when something else is left.
STOP_WORDS = word_set(
    """a about an and any are as at be been being but by can could did do does doing for from get gets had has have how
    i if in into is it its me my of on or our should so some such that the their them then there these they this those
    to us was we were what when where which while who whose why will with would you your please show find tell explain
    happen happens work works code"""
)

# What a query may ask for by name; files in these roles are otherwise ranked lower.
ROLE_WORDS = {
    "test": word_set("test tests testing tested spec specs fixture fixtures mock mocks"),
    "example": word_set("example examples demo demos sample samples tutorial tutorials"),
    "doc": word_set("doc docs documentation documented readme guide guides changelog license contributing"),
    "benchmark": word_set("benchmark benchmarks bench"),
    "deprecated": word_set("deprecated legacy compat compatibility"),
    "data": word_set("config configuration settings json yaml toml ini xml csv workflow pipeline manifest patch data"),
    "declaration": word_set("type types typing typings declaration declarations stub stubs"),
    "generated": word_set("generated"),
    "vendored": word_set("vendored vendor"),
}

# A name with one of these endings is a file, not an attribute (`app.run`, `os.path`).
EXTENSIONS = word_set(
    """py pyi js jsx mjs cjs ts tsx go rs java c h cc cpp cxx hh hpp cs rb php kt kts swift scala lua sh bash ex exs hs
    zig sql html css scss json yaml yml toml tf hcl md rst txt cfg ini xml gradle proto vue svelte ipynb lock"""
)
