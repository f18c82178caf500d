"""What is found out of a stored model: the facts of its passport, and whether its files are what the passport says."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from localdev.core.errors import ModelError
from localdev.core.ports import ProgressSink
from localdev.models.digests import Counted
from localdev.models.findings import VETTING_VERSION, Finding
from localdev.models.passport import Kind, Passport, StoredFile, stamp, unwritten

if TYPE_CHECKING:
    from localdev.models.gguf import GgufHeader
    from localdev.models.vetting.vet import Vetted


_LONGEST_TEXT = 200  # characters of what a file says of itself
_BASE_KEYS = ("general.base_model.0.repo_url", "general.base_model.0.name", "general.basename")


def facts_of(vetted: Vetted, licence: str) -> dict[str, Any]:
    """Give the entries of a passport that vetting found out."""
    assert vetted.model is not None
    header = vetted.model.header
    said = {key: _text(header, key) for key in ("general.license", *_BASE_KEYS)}
    return {
        "architecture": header.architecture,
        "parameters": header.parameters,
        "quantisation": header.quantisation,
        "context_length": header.context_length,
        "has_template": bool(header.chat_template),
        "has_fim": len(header.fim_tokens) == 3,
        "template_digest": vetted.template_digest,
        "licence": licence or said["general.license"],
        "base": next((said[key] for key in _BASE_KEYS if said[key]), "") if header.kind == "adapter" else "",
        "vetting": VETTING_VERSION,
        "findings": (
            *(each for each in vetted.findings if not (licence and each.rule == "licence-missing")),
            *licence_findings(licence, said["general.license"]),
        ),
        "accepted": vetted.accepted,
    }


def licence_findings(given: str, stated: str) -> tuple[Finding, ...]:
    """Warn where a licence that was given with a model is another one than its file states; spelling does not count."""
    if not (given and stated) or _plain(given) == _plain(stated):
        return ()
    said = f"it came with the licence {given}, its file states {stated}: see which one holds"
    return (Finding("licence-differs", "warn", said),)


def _plain(licence: str) -> str:
    """Give the letters and digits of a licence's name."""
    words = licence.lower().replace("license", "").replace("licence", "")
    return "".join(letter for letter in words if letter.isalnum())


def _text(header: GgufHeader, key: str) -> str:
    """Give a short text of the metadata, empty where there is none."""
    value = header.metadata.get(key)
    return value[:_LONGEST_TEXT] if isinstance(value, str) else ""


def vetted_anew(passport: Passport) -> Passport:
    """Vet a stored file by the rules of today; what its user accepted stays accepted where it can be.

    Raises:
        ModelError: it is refused now.
    """
    from localdev.models.vetting.unseen import refusal_unseen
    from localdev.models.vetting.vet import ACCEPTABLE, vet

    vetted = vet(passport.file, [rule for rule in passport.accepted if rule in ACCEPTABLE])
    if vetted.refusal():
        refusal = refusal_unseen(f"the stored {passport.kind} {passport.name}", vetted)
        refusal.hint = f"{how_to_remove(passport)} forgets it; to add it again, {refusal.hint}"
        raise refusal
    return replace(passport, **facts_of(vetted, passport.licence))


def still_whole(
    passport: Passport,
    hint: str,
    progress: ProgressSink | None,
    *,
    proven: Callable[[tuple[StoredFile, ...]], None],
) -> tuple[StoredFile, ...]:
    """Read the files whose stamp is not the recorded one and give all with the stamps they had before they were read.

    `proven` is given the passport's files, with what is now known of one that was read and is another file.

    Raises:
        ModelError: a file is gone or was changed; `hint` says what to do.
    """
    what = f"the stored {passport.kind} {passport.name}"
    try:
        seen = [(file, passport.folder / file.name, (passport.folder / file.name).stat()) for file in passport.files]
    except OSError as error:
        raise ModelError(f"{what} cannot be read: {error.strerror}", hint) from error
    suspects = [each for each in seen if not passport.vetting or not each[0].fits(each[2])]
    counted = Counted("hash", sum(stat.st_size for _, _, stat in suspects), progress)
    for file, path, stat in suspects:
        same = stat.st_size == file.size and counted.digest(path) == file.digest
        now = path.stat()
        if not same:
            # Proven of this stamp alone: a file that is written meanwhile, or brought back later, is read again.
            spoilt = replace(file, spoilt_ns=stamp(stat)[2] if stamp(stat) == stamp(now) else 0)
            proven(tuple(spoilt if each is file else each for each in passport.files))
        if not same or not unwritten(stat, now):
            raise ModelError(f"{what} was changed since it was added", hint)
    return tuple(_restamped(file, stat) for file, _, stat in seen)


def stamped(passport: Passport) -> Passport:
    """Give a passport with the change times that its files have now, after names of them came or went.

    Files that were written keep the stamp they do not fit any more, so that they are read before they are opened.
    To be called only where the files fitted just before. Raises OSError.
    """
    seen = [(file, (passport.folder / file.name).stat()) for file in passport.files]
    return replace(passport, files=tuple(_restamped(file, now) if file.unwritten(now) else file for file, now in seen))


def _restamped(file: StoredFile, now: os.stat_result) -> StoredFile:
    """Give a file with another stamp."""
    _, mtime_ns, ctime_ns, inode = stamp(now)
    return replace(file, mtime_ns=mtime_ns, ctime_ns=ctime_ns, inode=inode, spoilt_ns=0)


def how_to_add(kind: Kind | None) -> str:
    """Name the command that adds something of a kind."""
    return "`localdev models adapters add FILE.gguf`" if kind == "adapter" else "`localdev models add FILE.gguf`"


def how_to_remove(passport: Passport) -> str:
    """Name the command that forgets it."""
    group = "models adapters" if passport.kind == "adapter" else "models"
    return f"`localdev {group} remove {passport.name}`"


def how_to_mend(passport: Passport) -> str:
    """Say what to do about a stored model whose files were changed or are gone."""
    add, remove = how_to_add(passport.kind), how_to_remove(passport)
    return f"{add} with a good copy puts it in order, {remove} forgets it"
