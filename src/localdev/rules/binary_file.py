"""A binary file that a change adds: built code, archives, databases, large media."""

from __future__ import annotations

from collections.abc import Iterator

from localdev.core.review import Severity
from localdev.core.sizes import sized
from localdev.rules.changed import ChangedFile, ReviewedChange
from localdev.rules.places import is_example, is_test, is_vendored
from localdev.rules.rule import Example, Found, Rule
from localdev.rules.words import words

_BUILT = words(
    """
    exe dll so dylib o a lib obj class pyc pyo pyd jar war ear aar whl egg gem nupkg node ko elf pdb apk ipa
    msi deb rpm dmg
    """
)
_ARCHIVES = words(
    """
    zip tar gz tgz bz2 tbz2 xz txz zst 7z rar
    """
)
_RAW = words("iso img bin dat pack")
_DATA = words(
    """
    db sqlite sqlite3 mdb pkl pickle joblib npy npz h5 hdf5 parquet pt pth ckpt onnx safetensors gguf pb tflite
    """
)
_MEDIA = words(
    """
    png jpg jpeg gif bmp ico icns webp avif tif tiff psd ai heic svgz mp3 mp4 m4a mov avi webm ogg wav flac ttf
    otf woff woff2 eot pdf docx xlsx pptx xcf
    """
)
# Programs that build tools keep in the repository on purpose.
_WRAPPERS = ("gradle-wrapper.jar", "maven-wrapper.jar", "MavenWrapperDownloader.class", "sbt-launch.jar")
_SMALL, _LARGE = 100_000, 2_000_000


def _check(change: ReviewedChange) -> Iterator[Found]:
    """Find binary files that are new."""
    for file in change.files:
        if not file.change.binary or file.change.status not in ("added", "copied"):
            continue
        size = change.sides.new_size(file.path)
        judged = _judge(file, size or 0)
        if judged is not None:
            what, severity = judged
            told = f" of {sized(size)}" if size else ""
            yield Found(
                file.path,
                0,
                f"{what}{told} is added",
                suggestion="build it, fetch it from where it is published, or use large file storage",
                severity=severity,
            )


def _judge(file: ChangedFile, size: int) -> tuple[str, Severity] | None:
    """Name a file's kind and how much it matters; nothing for what is usual."""
    name = file.path.rpartition("/")[2]
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    aside = is_test(file.path) or is_example(file.path)
    large = size >= _LARGE
    if name in _WRAPPERS:
        return None
    if ending in _MEDIA:
        return (
            ("a large picture, font or document", "low" if aside and size < 5 * _LARGE else "medium") if large else None
        )
    if ending in _BUILT:
        mild = (aside or is_vendored(file.path)) and not large
        return "built code", "low" if mild else "medium"
    if aside:
        return ("a large binary file", "medium") if large else None
    if ending in _DATA:
        return "a database or data in binary form", "medium"
    what = "an archive" if ending in _ARCHIVES else "a binary file"
    return what, "medium" if size >= _SMALL or (size == 0 and ending in _ARCHIVES | _RAW) else "low"


RULE = Rule(
    id="binary-file",
    family="large-binary",
    severity="medium",
    title="A binary file",
    explanation=(
        "Nobody can review what is in it, every clone carries every version of it, and built code is soon "
        "another than its "
        "source. Pictures, fonts and documents below 2 MB, small files of tests and the wrappers of build "
        "tools are left "
        "alone."
    ),
    bad=Example("lib/native/codec.so", "\0"),
    good=Example("lib/native/codec.c", "int decode(const char *text) { return text[0]; }\n"),
    check=_check,
)
