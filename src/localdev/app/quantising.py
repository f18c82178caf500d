"""Quantising a model into the store, and measuring a model's perplexity: order, checks and room around the engine."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localdev.app.recording import digest_of, journal_of, recording
from localdev.app.vetted import VettedModel, vetted_model
from localdev.core.errors import DiskFull, ModelError, UsageError
from localdev.core.events import Notice, Progress
from localdev.core.folders import Folders, ensure
from localdev.core.sizes import sized

if TYPE_CHECKING:
    from localdev.backends.engine.task import Worker
    from localdev.backends.llamacpp.perplexity import Measuring, Perplexity
    from localdev.backends.llamacpp.quantise import Quantised
    from localdev.config.settings import Settings
    from localdev.models.passport import Passport
    from localdev.models.store import ModelStore

Aside = Callable[[Progress | Notice], None]

_HOST = "localdev.app.engine_host"
# The header is written anew, and llama.cpp says sizes to a hundredth of a MiB; the rest is for what else is written.
_SPARE_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Order:
    """What to quantise and how.

    `model` is a name in the store or a path, an empty `name` is made of its name and the type. With a `text` the
    perplexity is measured before and after, in windows of `window` tokens (0: 512, or the model's own); `text_from` is
    where it was read, for the journal. `importance` is a file of llama.cpp's `llama-imatrix`.
    """

    model: str
    type: str
    name: str = ""
    text: str = ""
    text_from: str = ""
    window: int = 0
    threads: int = 0
    allow_requantize: bool = False
    importance: Path | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """A model that was quantised: its passport, what it was made of, and the sizes of all files in bytes."""

    passport: Passport
    source: VettedModel
    said: Quantised
    bytes_before: int
    before: Perplexity | None
    after: Perplexity | None


def quantise_model(order: Order, settings: Settings, folders: Folders, aside: Aside) -> Made:
    """Make a smaller model of another one and store it. Nothing is left unless all went well.

    Raises:
        NotFound, ModelError: what `vetted_model` says of the source; llama.cpp cannot convert it, or what came out
            cannot be run.
        UsageError: there is no such type, it changes nothing, would quantise twice, or cannot be made without an
            importance matrix; it is there already, or the name is taken; the text is too short.
        DiskFull: there is no room for it.
        BackendError: the engine died of it.
    """
    from localdev.backends.engine.task import working

    with recording("quantize", journal_of(settings, folders, aside), _known(order)) as entry:
        source = vetted_model(order.model, settings, folders, aside)
        entry.update(model=source.name, digest=source.digest)
        if order.text:
            _refuse_embedder(source, "leave out --text: it can be quantised all the same")
        with working(_HOST) as worker:
            made = _made(worker, order, source, settings=settings, folders=folders, aside=aside)
        entry.update(made=made.passport.name, made_digest=made.passport.digest)
    return made


def perplexity_of(order: Order, settings: Settings, folders: Folders, aside: Aside) -> tuple[VettedModel, Perplexity]:
    """Measure the perplexity of a model on the order's text; its type and name mean nothing here.

    Raises:
        NotFound, ModelError: what `vetted_model` says of it, or it is an embedding model.
        UsageError: the text is too short, or the window too large.
        BackendError: the engine died of it.
    """
    from localdev.backends.engine.task import working

    with recording("perplexity", journal_of(settings, folders, aside), _known(order)) as entry:
        model = vetted_model(order.model, settings, folders, aside)
        entry.update(model=model.name, digest=model.digest)
        _refuse_embedder(model, "name a model that writes")
        with working(_HOST) as worker:
            return model, worker.measure(_measuring(model.path, model.name, order, settings), aside)


def _known(order: Order) -> dict[str, Any]:
    """Give what the journal's line says from the start: what is to be done, and the digest of the text."""
    found: dict[str, Any] = {"model": order.model, **({"type": order.type} if order.type else {})}
    if order.text:
        found["read"] = [{"path": order.text_from, "digest": digest_of(order.text)}]
    return found


def _made(
    worker: Worker, order: Order, source: VettedModel, *, settings: Settings, folders: Folders, aside: Aside
) -> Made:
    """Plan, check, measure, quantise, measure and store."""
    from localdev.backends.llamacpp.quantise import Quantising
    from localdev.models.passport import Source
    from localdev.models.store import Adding, ModelStore

    store = ModelStore(folders.models)
    stored = store.find(source.digest) if source.digest else None
    name = _name(order, source)
    task = Quantising(source.path, order.type, allow_requantize=True, name=source.name, **_weighing(order, source))
    plan = worker.quantise(task, aside)
    _check(plan, order, source)
    origin = _origin(order, source, aside)
    _refuse_made(store, plan, origin)
    store.refuse_taken(name)
    _refuse_without_room(folders, plan.bytes_after)
    if plan.bytes_after > plan.bytes_before:
        aside(_larger(plan, source))
    measuring = _measuring(source.path, source.name, order, settings) if order.text else None
    before = worker.measure(measuring, aside) if measuring else None
    with store.staging() as place:
        target = place / f"{name}.gguf"
        said = worker.quantise(replace(task, target=target, threads=order.threads or settings.llama.threads), aside)
        after = worker.measure(replace(measuring, path=target, name=name), aside) if measuring else None
        adding = Adding(
            mode="move",
            name=name,
            licence=stored.licence if stored else "",
            source=Source("quantised", origin),
            accept=stored.accepted if stored else (),
        )
        passport = store.add(target, adding, aside)
    return Made(passport, source, said, sum(path.stat().st_size for path in source.paths), before, after)


def _origin(order: Order, source: VettedModel, aside: Aside) -> str:
    """Say for the passport what a model is made of, so that the same twice has the same words behind the name."""
    origin = f"{source.name} sha256:{source.digest or _digest(source, aside)}"
    if order.importance is None:
        return origin
    with order.importance.open("rb") as file:
        return f"{origin} with imatrix sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"


def _refuse_made(store: ModelStore, plan: Quantised, origin: str) -> None:
    """Refuse what was made before, under whatever name.

    Raises:
        UsageError: it is in the store.
    """
    made_of = origin.partition(" sha256:")[2]
    for each in store.list():
        same = each.source.kind == "quantised" and each.source.place.partition(" sha256:")[2] == made_of
        if same and each.quantisation == plan.type:
            raise UsageError(
                f"{plan.type} of this model is stored already, as {each.name}",
                f"use it by that name; `localdev models remove {each.name}` lets you make it anew",
            )


def _larger(plan: Quantised, source: VettedModel) -> Notice:
    """Say that the new file will be larger than what it is made of."""
    return Notice(
        "warning",
        f"{plan.type} takes about {sized(plan.bytes_after)}, more than the {sized(plan.bytes_before)} of "
        f"{source.name}, and the model gets no better by it",
    )


def _weighing(order: Order, source: VettedModel) -> dict[str, Any]:
    """Give what an importance matrix adds to the task.

    Raises:
        ModelError: it is none, or one of another model: llama.cpp passes over tensors that it does not know.
    """
    from localdev.backends.llamacpp.quantise import Importance
    from localdev.models.gguf import read_tensors
    from localdev.models.imatrix import read_importance

    if order.importance is None:
        return {}
    path = order.importance.absolute()
    found, tensors = read_importance(path), read_tensors(source.path)
    for each in found:
        if each.name.startswith("blk.") and each.name not in tensors:  # an output that is the embeddings has two names
            raise ModelError(
                f"the importance matrix {path} is of another model: {source.name} has no {each.name}",
                f"make one of {source.name} with llama.cpp's llama-imatrix",
            )
    return {"importance": path, "weighing": tuple(Importance(*each) for each in found)}


def _measuring(path: Path, name: str, order: Order, settings: Settings) -> Measuring:
    """Give the task of measuring one file."""
    from localdev.backends.llamacpp.perplexity import Measuring
    from localdev.backends.options import EngineOptions

    llama = settings.llama
    # What changes the figures (type of the state, flash attention) stays as llama.cpp has it: they are to be compared.
    options = EngineOptions(threads=order.threads or llama.threads, gpu_layers=llama.gpu_layers)
    return Measuring(path, order.text, order.window, options, name)


def _name(order: Order, source: VettedModel) -> str:
    """Give the name of the new model: the one asked for, or the source's with the new type instead of its own."""
    from localdev.models.names import name_for, slug

    base = slug(source.name)
    for kind in (source.quantisation, "F32", "F16", "BF16"):
        base = base.removesuffix(f"-{slug(kind)}") if kind else base
    return name_for(order.name, Path(f"{base}-{order.type}.gguf"))


def _check(plan: Quantised, order: Order, source: VettedModel) -> None:
    """Refuse what would be of no use.

    Raises:
        UsageError: it would.
    """
    if plan.type == source.quantisation or not plan.changed:
        raise UsageError(f"{source.name} is {plan.type} already", "choose another type")
    if plan.needs_importance:
        raise UsageError(
            f"{plan.type} of {source.name} cannot be made without an importance matrix, which says how much each "
            "weight is used",
            "take a type that needs none, as IQ4_XS, Q3_K_S or Q2_K; or make one with llama.cpp's llama-imatrix: "
            "--imatrix FILE",
        )
    if plan.requantised and not order.allow_requantize:
        raise UsageError(
            f"{source.name} is quantised already ({source.quantisation}): what that has lost does not come back, "
            f"and {plan.type} made of it is worse than one made of the original",
            "start from the F16, BF16 or F32 file of the model; or accept the loss: --allow-requantize",
        )


def _refuse_embedder(model: VettedModel, hint: str) -> None:
    """An embedding model foresees no text; `hint` says what to do instead."""
    from localdev.models.passport import embeds

    if embeds(model.architecture):
        raise ModelError(
            f"{model.name} is an embedding model ({model.architecture}): it foresees no text, so it has no perplexity",
            hint,
        )


def _refuse_without_room(folders: Folders, needed: int) -> None:
    """Say before the work that the disk has no room for its result.

    Raises:
        DiskFull: it has not.
    """
    free = shutil.disk_usage(ensure(folders.models)).free
    if free < needed + _SPARE_BYTES:
        smaller = ", or take a smaller type" if free > _SPARE_BYTES else ""
        raise DiskFull(
            f"the new file takes about {sized(needed)}, and {sized(_SPARE_BYTES)} are to stay free; the disk of "
            f"{folders.models} has {sized(free)} left",
            f"free some disk space{smaller}",
        )


def _digest(source: VettedModel, aside: Aside) -> str:
    """Compute the digest of a model that is not in the store, as the store would."""
    from localdev.models.digests import Counted, digest_of_parts
    from localdev.models.passport import part_name

    paths = source.paths
    counted = Counted("hash", sum(path.stat().st_size for path in paths), aside)
    digests = [counted.digest(path) for path in paths]
    if len(paths) == 1:
        return digests[0]
    return digest_of_parts([(part_name(number + 1, len(paths)), each) for number, each in enumerate(digests)])
