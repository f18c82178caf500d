"""Train the static embedder that ships in the package on the documentation and names of other packages' code.

    python -m scripts.train_embedder collect  FOLDER                     # packages.tsv, from Debian, npm, PyPI; 5 GB
    python -m scripts.train_embedder pairs    FOLDER --exclude NAMES     # 1,000,000 pairs; minutes
    python -m scripts.distil_embedder START                              # what the training begins with
    python -m scripts.train_embedder train    FOLDER --start START       # one core, 15 minutes
    python -m scripts.train_embedder export   FOLDER OUT                 # matrix.npy, vocabulary.txt, embedder.json
    python -m scripts.train_embedder evaluate FOLDER OUT --start START   # packages that were not learnt from

`collect` and `pairs` need the project's own environment; `train`, `export` and `evaluate` one with torch 2.13.0 (CPU)
and numpy 2.4.6, with `src` on PYTHONPATH. Every choice is drawn from the recipe's seed and one thread is used, so the
same packages on the same kind of processor give the same digest. NAMES lists projects that must not be learnt from.
`benchmarks/retrieval.py` measures whole searches.
"""

from __future__ import annotations

import argparse
import json
import os
from multiprocessing import Pool
from pathlib import Path
from typing import TYPE_CHECKING

os.environ["OMP_NUM_THREADS"] = "1"  # sums in one order, hence one digest

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_HERE = Path(__file__).parent
_TABLE = _HERE / "training" / "packages.tsv"
_NAME, _BASE = "static-code", "static-minilm-l6"
_NEW_WORDS = 26_000
_NEW_WORD_PACKAGES = 6  # a word that fewer packages use is one project's own
# Never learnt from: on the code of these packages it is chosen what is good, here or by the ranking's own queries.
_HELD_OUT_NAMES = """
trio werkzeug koa luxon ws prosemirror-view rxjs restic golang-github-gorilla-mux rust-bat rust-clap jsoup
libjoda-time-java tmux libevent re2 tinyxml2 capnproto nunit puma ruby-devise php-twig haskell-warp okio
fastify golang-github-labstack-echo scrapy
"""
_HELD_OUT = frozenset(_HELD_OUT_NAMES.split())


def main() -> None:
    """Run one step."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", choices=("collect", "pairs", "train", "export", "evaluate"))
    parser.add_argument("folder", type=Path, help="where packages, pairs and the trained table are kept")
    parser.add_argument("out", type=Path, nargs="?", help="folder of the embedder's files (export, evaluate)")
    parser.add_argument("--exclude", type=Path, help="names of projects that must not be learnt from (pairs)")
    parser.add_argument("--start", type=Path, help="folder of the distilled embedder (train, evaluate)")
    options = parser.parse_args()
    if options.out is None and options.step in {"export", "evaluate"}:
        parser.error("export and evaluate need OUT")
    if options.start is None and options.step in {"train", "evaluate"}:
        parser.error("train and evaluate need --start")
    if options.exclude is None and options.step == "pairs":
        parser.error("pairs needs --exclude")
    {"collect": _collect, "pairs": _pairs, "train": _train, "export": _export, "evaluate": _evaluate}[options.step](
        options
    )


def _collect(options: argparse.Namespace) -> None:
    """Get and unpack the packages."""
    from scripts.training.collect import collect, read_table

    for source in collect(read_table(_TABLE), options.folder / "src"):
        print(f"not to be had: {source.registry} {source.name} {source.version}")


def _pairs(options: argparse.Namespace) -> None:
    """Make the pairs of every package that is there."""
    from scripts.training.collect import read_table
    from scripts.training.pairs import make_pairs

    sources = [source.folder for source in read_table(_TABLE) if (options.folder / "src" / source.folder).is_dir()]
    with Pool() as pool:
        jobs = [
            pool.apply_async(
                make_pairs, (options.folder / "src" / name, options.folder / "pairs" / f"{name}.jsonl", options.exclude)
            )
            for name in sources
        ]
        for name, job in zip(sources, jobs, strict=True):
            print(name, json.dumps(job.get()), flush=True)


def _train(options: argparse.Namespace) -> None:
    """Train and save the float table and its vocabulary."""
    import numpy as np

    from localdev.backends.embedders.pieces import Pieces
    from scripts.training.corpus import frequent_words, load_package
    from scripts.training.learn import Recipe, train
    from scripts.training.measure import held_out

    vocabulary, start = _read_embedder(options.start)
    pieces = Pieces(vocabulary)
    paths = sorted((options.folder / "pairs").glob("*/*.jsonl"))
    learnt_from = [path for path in paths if not _is_held_out(path.stem)]
    words = frequent_words(learnt_from, vocabulary, room=_NEW_WORDS, packages=_NEW_WORD_PACKAGES)
    # A new word begins as the sum of the pieces that it was cut into, which is what it meant before.
    rows = [start[pieces.rows(word)].sum(axis=0) for word in words if pieces.rows(word)]
    vocabulary += [word for word in words if pieces.rows(word)]
    start = np.vstack([start, *rows]) if rows else start
    pieces = Pieces(vocabulary)
    kept = [load_package(path, pieces) for path in learnt_from]
    held = [load_package(path, pieces) for path in paths if _is_held_out(path.stem)]

    def report(step: int, table: npt.NDArray[np.float32], loss: float) -> None:
        """Print how the training goes."""
        print(step, f"loss {loss:.4f}", json.dumps(_short(held_out(table, held))), flush=True)

    table = train(kept, start.astype(np.float32), pieces, Recipe(), report)
    np.save(options.folder / "table.npy", table)
    (options.folder / "vocabulary.txt").write_text("\n".join(vocabulary), encoding="utf-8")
    print("mean of the runs", json.dumps(_short(held_out(table, held))))


def _export(options: argparse.Namespace) -> None:
    """Write the trained table as the package ships it."""
    import numpy as np

    from scripts.training.export import write

    vocabulary = (options.folder / "vocabulary.txt").read_text(encoding="utf-8").split("\n")
    print(
        json.dumps(
            write(options.out, np.load(options.folder / "table.npy"), vocabulary, name=_NAME, base=_BASE), indent=2
        )
    )


def _evaluate(options: argparse.Namespace) -> None:
    """Print how well the exported table, and the one it began with, find the code of held-out packages."""
    from localdev.backends.embedders.pieces import Pieces
    from scripts.training.corpus import load_package
    from scripts.training.measure import held_out

    for folder in (options.start, options.out):
        vocabulary, table = _read_embedder(folder)
        pieces = Pieces(vocabulary)
        paths = [path for path in sorted((options.folder / "pairs").glob("*/*.jsonl")) if _is_held_out(path.stem)]
        print(folder.name, json.dumps(_short(held_out(table, [load_package(path, pieces) for path in paths]))))


def _is_held_out(name: str) -> bool:
    """Say whether a package is kept for choosing; npm's folders bear their version."""
    return name in _HELD_OUT or name.rsplit("-", 1)[0] in _HELD_OUT


def _read_embedder(folder: Path) -> tuple[list[str], npt.NDArray[np.float32]]:
    """Read vocabulary and table, float32 (rows, dimension), of an embedder's files."""
    import numpy as np

    scales = np.array(json.loads((folder / "embedder.json").read_text(encoding="utf-8"))["scales"], dtype=np.float32)
    vocabulary = (folder / "vocabulary.txt").read_text(encoding="utf-8").split("\n")
    return vocabulary, np.load(folder / "matrix.npy").astype(np.float32) * scales


def _short(scores: dict[str, float]) -> dict[str, float]:
    """Give scores with four digits."""
    return {kind: round(score, 4) for kind, score in scores.items()}


if __name__ == "__main__":
    main()
