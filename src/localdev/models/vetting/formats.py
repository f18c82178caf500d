"""The formats that model files come in, and what to use instead of those that are not run here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Format:
    """A format: what a file of it is, why it is not run, and what to do instead.

    `rule` is the id of the finding; it is empty for GGUF alone. `runs_code` says that programs which open such files
    as a model may run what is written in them.
    """

    rule: str
    name: str
    why: str = ""
    instead: str = ""
    runs_code: bool = False

    def said_of(self, place: str) -> str:
        """Say in one line that what is at `place` is of this format, and why that is refused."""
        return f"{place} is {self.name}{': ' if self.why else ''}{self.why}"


_CONVERT = "get the model's GGUF file, or convert its safetensors with llama.cpp's convert_hf_to_gguf.py"
_GET = "get the model's GGUF file"
_UNPACK = "unpack it with a program you trust for that, and name the .gguf file it holds"
_PICKLES = "pickles run code when they are loaded"
_AGAIN = "download it again, signed in where the site asks for that"

GGUF = Format("", "a GGUF file")
EMPTY = Format("format-empty", "empty", instead="download it again")
ZEROS = Format(
    "format-zeros", "all zeros at its beginning", "a download that did not finish looks so", "download it again"
)
NO_FILE = Format("format-no-file", "no file (a pipe, a device or a socket)", instead="name the .gguf file itself")
UNKNOWN = Format("format-unknown", "of no format known here", "it is not a GGUF file", _GET)
TEXT = Format("format-text", "a text file", instead=_GET)
JSON = Format("format-json", "a JSON file", instead=_GET)
SCRIPT = Format("format-program", "a script", "programs are not opened as models", _GET, runs_code=True)
HTML = Format("format-html", "a web page", "the site answered with a page in place of the file", _AGAIN)
LFS = Format(
    "format-pointer",
    "a Git LFS pointer",
    "it stands for the file, which was not fetched",
    "run `git lfs pull` where you cloned it, or download the file itself",
)
XET = Format(
    "format-pointer", "a Xet pointer", "it stands for the file, which was not fetched", "download the file itself"
)
ANNEX = Format(
    "format-pointer",
    "a git-annex pointer",
    "it stands for the file, which was not fetched",
    "run `git annex get` on it where you cloned it",
)
MODELFILE = Format(
    "format-modelfile",
    "an Ollama Modelfile",
    "it is a recipe and holds no weights",
    "name the GGUF file of its FROM line, or run it through Ollama and use --model ollama:NAME",
)
OLLAMA_MANIFEST = Format(
    "format-ollama-manifest",
    "an Ollama manifest",
    "it lists a model's files and holds no weights",
    "use --model ollama:NAME, or get the model with `localdev models pull ollama:NAME`",
)

PICKLE = Format("format-pickle", "a pickle", _PICKLES, _CONVERT, runs_code=True)
PYTORCH = Format("format-pytorch", "a PyTorch checkpoint", _PICKLES, _CONVERT, runs_code=True)
TORCHSCRIPT = Format("format-pytorch", "a TorchScript program", "it holds code and pickles", _CONVERT, runs_code=True)
JOBLIB = Format(
    "format-joblib", "a joblib file", "it holds pickles, which run code when they are loaded", _CONVERT, True
)
NUMPY_OBJECTS = Format(
    "format-numpy", "a numpy array of Python objects", "it holds pickles, which run code", _CONVERT, runs_code=True
)
NUMPY = Format("format-numpy", "a numpy array", instead=_CONVERT)
NUMPY_ARCHIVE = Format(
    "format-numpy", "a numpy archive, as older MLX models are", "its arrays can hold pickles", _CONVERT, runs_code=True
)
KERAS = Format(
    "format-keras", "a Keras model", "its layers can bring code that runs when it is loaded", _GET, runs_code=True
)
HDF5 = Format(
    "format-keras",
    "an HDF5 file, as Keras .h5 models are",
    "its layers can bring code that runs when it is loaded",
    _GET,
    runs_code=True,
)
SAVEDMODEL = Format(
    "format-tensorflow", "a TensorFlow SavedModel", "it is a program that can read and write files", _GET, True
)
ONNX = Format("format-onnx", "an ONNX model", "no engine here runs it", _CONVERT)
TFLITE = Format("format-tflite", "a TensorFlow Lite model", "no engine here runs it", _GET)
NEMO = Format(
    "format-nemo",
    "a NeMo model",
    "it is an archive that holds a PyTorch checkpoint, and pickles run code",
    _CONVERT,
    True,
)
OLD_GGML = Format(
    "format-ggml",
    "a model in the format that came before GGUF (GGML, GGMF or GGJT)",
    "llama.cpp has not read it since August 2023",
    "get the model's GGUF file, or convert it with convert_llama_ggml_to_gguf.py of llama.cpp",
)
OLD_ADAPTER = Format(
    "format-ggml",
    "an adapter in the format that came before GGUF (GGLA)",
    "llama.cpp has not read it since July 2024",
    "convert the adapter's safetensors with llama.cpp's convert_lora_to_gguf.py",
)
SESSION = Format(
    "format-state", "a saved state of llama.cpp", "it holds a session's memory and no model", "name the model it is of"
)
IMPORTANCE_MATRIX = Format(
    "format-imatrix",
    "an importance matrix",
    "it guides the making of smaller models, and is none itself",
    "name the model's own GGUF file; `localdev models quantize --imatrix FILE` takes this one",
)
SAFETENSORS = Format(
    "format-safetensors",
    "a safetensors file",
    "that form is safe, but no engine here runs it",
    "get the model's GGUF file, or convert its folder with llama.cpp's convert_hf_to_gguf.py",
)
LORA = Format(
    "format-safetensors",
    "a LoRA adapter in safetensors form",
    "that form is safe, but no engine here takes it",
    "convert its folder with llama.cpp's convert_lora_to_gguf.py",
)
LLAMAFILE = Format(
    "format-llamafile",
    "a llamafile",
    "that is a program with a model in it, and programs are not opened as models",
    "get the model's GGUF file, or take it out of the llamafile with `unzip`",
    runs_code=True,
)
PROGRAM = Format("format-program", "a program", "programs are not opened as models", _GET, runs_code=True)
ZIP = Format("format-archive", "a zip archive", "archives are not unpacked here", _UNPACK)
TAR = Format("format-archive", "a tar archive", "archives are not unpacked here", _UNPACK)
EXPORT = Format(
    "format-export",
    "an export of localdev",
    "it is imported, and not opened as a model",
    "`localdev models import` takes it",
)

FOLDER = Format("format-folder", "a folder without a GGUF file", instead="name the .gguf file itself")
FOLDER_EMPTY = Format("format-empty", "an empty folder", instead="name the .gguf file itself")
FOLDER_MODEL = Format(
    "format-safetensors",
    "a model's folder in safetensors form",
    "that form is safe, but no engine here runs it",
    "get the model's GGUF file, or convert the folder with llama.cpp's convert_hf_to_gguf.py",
)
FOLDER_PICKLED = Format("format-pytorch", "a model's folder in PyTorch's form", _PICKLES, _CONVERT, runs_code=True)
FOLDER_LORA = Format(
    "format-safetensors",
    "the folder of a LoRA adapter",
    "no engine here takes it in that form",
    "convert it with llama.cpp's convert_lora_to_gguf.py",
)
FOLDER_EMBEDDER = Format(
    "format-sentence-transformers",
    "the folder of a sentence-transformers model",
    "it is for search and is not stored",
    'name it where it lies: `localdev config set search.embedder "sentence-transformers:/path/to/folder"`',
)
FOLDER_OLLAMA = Format(
    "format-ollama-manifest",
    "the folder where Ollama keeps its models",
    "it holds several",
    "use --model ollama:NAME, or get one of them with `localdev models pull ollama:NAME`",
)
FOLDER_COREML = Format("format-coreml", "a Core ML package", "no engine here runs it", _GET)

# Endings of files that libraries unpickle by that name alone: no look at a content finds every pickle there is.
PICKLED = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".joblib")

# (place in the file, bytes, format); the first that fits is it. Sources: the formats' own documentation.
MAGIC: tuple[tuple[int, bytes, Format], ...] = (
    (0, b"GGUF", GGUF),
    (0, b"lmgg", OLD_GGML),
    (0, b"fmgg", OLD_GGML),
    (0, b"tjgg", OLD_GGML),
    (0, b"algg", OLD_ADAPTER),
    (0, b"nsgg", SESSION),
    (0, b"qsgg", SESSION),
    (0, b"\x93NUMPY", NUMPY),
    (0, b"\x89HDF\r\n\x1a\n", HDF5),
    (512, b"\x89HDF\r\n\x1a\n", HDF5),
    (1024, b"\x89HDF\r\n\x1a\n", HDF5),
    (2048, b"\x89HDF\r\n\x1a\n", HDF5),
    (4, b"TFL3", TFLITE),
    (0, b"version https://git-lfs.github.com/spec/", LFS),
    (0, b"# xet version", XET),
    (0, b"/annex/objects/", ANNEX),
    (0, b"#!", SCRIPT),
    *(
        (0, magic, Format("format-archive", f"{name} archive", "archives are not unpacked here", _UNPACK))
        for magic, name in (
            (b"\x1f\x8b", "a gzip"),
            (b"BZh", "a bzip2"),
            (b"\xfd7zXZ\0", "an xz"),
            (b"\x28\xb5\x2f\xfd", "a zstd"),
            (b"\x04\x22\x4d\x18", "an lz4"),
            (b"7z\xbc\xaf\x27\x1c", "a 7z"),
            (b"Rar!\x1a\x07", "a rar"),
        )
    ),
    *(
        (0, magic, Format("format-archive", "zlib-compressed data", "joblib keeps pickles so", _CONVERT, True))
        for magic in (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
    ),
)
# What programs begin with: ELF, Windows and DOS, Mach-O in either byte order and for several processors, and the two
# ways in which a file is a program for all of them at once (as llamafiles are).
PROGRAMS = (
    b"\x7fELF",
    b"MZ",
    b"\xfe\xed\xfa\xce",
    b"\xfe\xed\xfa\xcf",
    b"\xce\xfa\xed\xfe",
    b"\xcf\xfa\xed\xfe",
    b"\xca\xfe\xba\xbe",
    b"jartsr='",
    b"\0asm",
)
