"""A sentence-transformers model in a local folder. Nothing is looked up anywhere else, and no code in it is run."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import logging
import os
import re
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localdev.backends.embedders.checks import unit_vectors
from localdev.core.errors import MissingExtra, ModelError, NotFound

if TYPE_CHECKING:
    from localdev.core.ports import FloatMatrix

_SUFFIXES = frozenset({".json", ".txt", ".model", ".safetensors"})
_OWN_MODULES = "sentence_transformers."
_SIZES = ("out_features", "word_embedding_dimension", "embedding_dimension")
# More at once pay for padding short texts to the longest: on one core 8 give 19 chunks a second, 32 give 15.
_BATCH = 8
# Read by the libraries when they are imported. They are told to stay off the network and the terminal; the process is
# localdev's own, where nothing else uses them.
_ENVIRONMENT = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "TRANSFORMERS_VERBOSITY": "error",
}
_SETUP = "`localdev setup sentence-transformers`"


def model_files(folder: Path) -> list[Path]:
    """Give the files of a model folder that decide what it computes, sorted.

    Raises:
        NotFound: there is no such folder.
        ModelError: it holds no model that can be used.
    """
    if not folder.is_dir():
        raise NotFound(f"there is no folder {folder}", "name the folder of a sentence-transformers model")
    _modules(folder)
    found = [
        path
        for path in sorted(folder.rglob("*"))
        if path.suffix in _SUFFIXES
        and path.is_file()
        and not any(part[0] == "." for part in path.relative_to(folder).parts)
    ]
    if not any(path.suffix == ".safetensors" for path in found):
        raise ModelError(
            f"{folder} holds no weights in safetensors form",
            "save the model again with sentence-transformers 3 or newer; weights in pickle form can run code",
        )
    return found


def _modules(folder: Path) -> list[tuple[str, Path]]:
    """Give (type, folder) of the parts; refuse what is no model, and one that wants to bring code of its own."""
    path = folder / "modules.json"
    try:
        modules = json.loads(path.read_text(encoding="utf-8"))
        found = [(str(module["type"]), folder / str(module["path"])) for module in modules]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"{folder} holds no sentence-transformers model: modules.json cannot be read",
            "name the folder that holds modules.json, config.json and the weights",
        ) from error
    foreign = [name for name, _ in found if not name.startswith(_OWN_MODULES)]
    if foreign:
        raise ModelError(f"{path} names code of its own, {foreign[0]}, which is not run", "use another model")
    outside = [place for _, place in found if not _belongs(place.resolve(), folder.resolve())]
    if outside:
        raise ModelError(f"{path} names a part outside of the folder, {outside[0]}", "copy that part into the folder")
    return found


def _belongs(place: Path, folder: Path) -> bool:
    """Tell whether a part is among the files that make up the model's identity; both paths are resolved."""
    return place.is_relative_to(folder) and not any(part[0] == "." for part in place.relative_to(folder).parts)


def declared_dimension(folder: Path) -> int:
    """Read how long the vectors are: what the last part that pools or projects gives.

    Raises:
        ModelError: the folder does not say.
    """
    dimension = 0
    for kind, place in _modules(folder):
        path = place / "config.json"
        if kind.rpartition(".")[2] not in ("Pooling", "Dense") or not path.is_file():
            continue
        try:
            said = json.loads(path.read_text(encoding="utf-8"))
            sizes = [said[key] for key in _SIZES if key in said]
            # Each way of pooling that is switched on gives a vector; they are laid end to end.
            ways = sum(key.startswith("pooling_mode_") and value is True for key, value in said.items())
            if isinstance(said.get("pooling_mode"), list):  # as version 6 writes it, several ways being rare
                ways = len(said["pooling_mode"])
            dimension = int(sizes[0]) * max(1, ways)
        except (OSError, ValueError, TypeError, LookupError, AttributeError) as error:
            raise ModelError(f"{path} does not say how long vectors are", "use another model") from error
    if dimension < 1:
        raise ModelError(f"{folder} does not say how long its vectors are: it has no pooling part", "use another model")
    return dimension


class SentenceTransformersEmbedder:
    """Embeds texts with a model from a folder; torch and the weights are loaded (seconds) when first needed."""

    def __init__(self, folder: Path, digest: str) -> None:
        """Take a folder that `model_files` has accepted, and the digest of those files.

        Raises:
            MissingExtra: sentence-transformers is not installed.
        """
        if importlib.util.find_spec("sentence_transformers") is None:
            raise MissingExtra("sentence-transformers is not installed", f"add it: {_SETUP}")
        self._folder = folder
        self._digest = digest
        self._lock = threading.Lock()
        self._dimension = declared_dimension(folder)
        self._model: Any = None

    @property
    def name(self) -> str:
        """The folder's name and the digest of what it holds."""
        return f"sentence-transformers:{self._folder.name}-{self._digest[:12]}"

    @property
    def dimension(self) -> int:
        """Length of a vector, as the folder says; nothing is loaded for it."""
        return self._dimension

    def embed(self, texts: Sequence[str]) -> FloatMatrix:
        """Give float32 vectors of shape (len(texts), dimension), each of length 1; a text is read to the window's end.

        Raises:
            ModelError: the model cannot be loaded, or gives no vectors of the promised length.
        """
        import numpy as np

        if not texts:
            return np.zeros((0, self._dimension), dtype=np.float32)
        with self._lock:
            try:
                found = self._load().encode(
                    list(texts), batch_size=_BATCH, show_progress_bar=False, convert_to_numpy=True
                )
            except Exception as error:  # torch and its kin raise whatever they like for a model that does not fit
                raise ModelError(f"{self._folder} failed: {_line(error)}", "use another model") from error
        return unit_vectors(np.asarray(found), (len(texts), self._dimension), self._folder)

    def _load(self) -> Any:
        """Load the model once; called under the lock."""
        if self._model is None:
            os.environ.update(_ENVIRONMENT)
            logging.getLogger("sentence_transformers").setLevel(logging.ERROR)
            try:
                import sentence_transformers
            except (ImportError, OSError, RuntimeError) as error:
                raise MissingExtra(
                    f"sentence-transformers cannot be loaded: {_line(error)}", f"install it again: {_SETUP}"
                ) from error
            try:
                with _overheard() as said:
                    model = sentence_transformers.SentenceTransformer(
                        str(self._folder),
                        device="cpu",
                        local_files_only=True,
                        trust_remote_code=False,
                        model_kwargs={"use_safetensors": True},
                    )
            except (
                Exception
            ) as error:  # the libraries raise OSError, ValueError, KeyError and their own for a bad folder
                raise ModelError(
                    f"{self._folder} cannot be loaded: {_line(error)}", "the model may be damaged: get it again"
                ) from error
            if lacking := _lacking("\n".join(said)):
                raise ModelError(
                    f"{self._folder} lacks weights, {lacking[0]} and {len(lacking) - 1} more", "get the model again"
                )
            self._model = model
        return self._model


class _Listener(logging.Handler):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one message."""
        self.said.append(record.getMessage())


@contextlib.contextmanager
def _overheard() -> Iterator[list[str]]:
    """Listen to what transformers logs in the body, in place of the terminal."""
    logger, listener = logging.getLogger("transformers"), _Listener()
    handlers, level = logger.handlers, logger.level
    logger.handlers = [listener]
    logger.setLevel(logging.WARNING)
    try:
        yield listener.said
    finally:
        logger.handlers = handlers
        logger.setLevel(level)


def _lacking(said: str) -> list[str]:
    """Give the weights that transformers says it made up because the folder lacks them, other than the unused pooler's.

    Vectors of such a model would be others at every start.
    """
    said = re.sub(r"\x1b\[[0-9;]*m", "", said)
    names = re.findall(r"^([\w.]+)\s*\|\s*MISSING", said, re.MULTILINE)  # as version 5 says it
    for listed in re.findall(r"newly initialized: \[(.*?)\]", said):  # as version 4 does
        names += re.findall(r"'([\w.]+)'", listed)
    return sorted(name for name in names if "pooler." not in name)


def _line(error: BaseException) -> str:
    """Fold an error's text into one line of readable length."""
    return " ".join(str(error).split())[:300] or type(error).__name__
