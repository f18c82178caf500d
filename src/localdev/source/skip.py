"""What is not indexed, decided by name alone: tables of names with their reasons, and nothing that guesses.

A name stands here only when it is nearly surely not the user's own code. A folder that has an innocent meaning too
(`build`, `target`, `vendor`) needs a witness: a file inside it that only the tool leaves there.
"""

from __future__ import annotations

import os

DEFAULT_LIMIT = 1_000_000  # bytes; a larger file is data or generated, and would crowd out the rest

VENDORED = "vendored"
LOCK_FILE = "lock file"
BINARY = "binary"
GENERATED = "generated"
MINIFIED = "minified"
SECRETS = "may hold secrets"
UNREADABLE = "unreadable"
_TOOL = "tool folder"
_BUILD = "build output"

# Folders never spoken of: git's own data is nobody's source.
SILENT_FOLDERS = frozenset({".git"})


def _table(reason: str, names: str) -> dict[str, str]:
    """Give every word of `names` the same reason."""
    return dict.fromkeys(names.split(), reason)


_FOLDERS = {
    **_table("localdev's own files", ".localdev"),
    **_table(SECRETS, ".ssh .gnupg .aws .kube"),
    **_table(
        VENDORED,
        """
        node_modules bower_components jspm_packages web_modules .yarn .pnpm-store
        site-packages dist-packages .venv .virtualenv __pypackages__ .eggs
        _vendored _vendored_packages vendored third_party third-party thirdparty
        Pods Carthage elm-stuff Godeps vcpkg_installed
        """,
    ),
    **_table(
        _TOOL,
        """
        __pycache__ .tox .nox .mypy_cache .pytest_cache .ruff_cache .hypothesis
        .gradle .terraform .svn .hg .bzr .sl .ipynb_checkpoints .nyc_output
        .cache .parcel-cache .turbo .angular .dart_tool .stack-work .cabal-sandbox .zig-cache zig-cache
        """,
    ),
    **_table(_BUILD, ".next .nuxt .svelte-kit .docusaurus .serverless dist-newstyle"),
}

# Folder name -> entries that prove what it is, and the reason to give.
_WITNESSES = {
    "vendor": (("modules.txt", "autoload.php", "composer", "bundle"), VENDORED),
    "_vendor": (("vendor.txt", "requirements.txt", "packaging", "six.py"), VENDORED),
    "venv": (("pyvenv.cfg",), VENDORED),
    "env": (("pyvenv.cfg",), VENDORED),
    ".env": (("pyvenv.cfg",), VENDORED),
    "virtualenv": (("pyvenv.cfg",), VENDORED),
    "target": (("CACHEDIR.TAG", ".rustc_info.json", "maven-status"), _BUILD),
    "build": (("CMakeCache.txt", "CACHEDIR.TAG"), _BUILD),
    "_build": (("CMakeCache.txt", "CACHEDIR.TAG"), _BUILD),
}

# Folder name -> endings of files that only a build leaves there: source maps, minified files.
_TRACES = {"dist": (".map", ".min.js", ".min.css", ".whl"), "build": (".js.map", ".min.js", ".min.css")}

# `vendor` right below one of these holds other people's web assets (`static/vendor/jquery.js`).
_ASSET_FOLDERS = frozenset({"assets", "static", "public", "js", "javascript", "javascripts", "css", "stylesheets"})

_FILES = {
    **_table(
        LOCK_FILE,
        """
        package-lock.json npm-shrinkwrap.json yarn.lock pnpm-lock.yaml bun.lock bun.lockb deno.lock
        poetry.lock Pipfile.lock pdm.lock uv.lock pixi.lock conda-lock.yml pylock.toml
        Cargo.lock go.sum go.work.sum Gemfile.lock gems.locked composer.lock mix.lock rebar.lock shard.lock
        Podfile.lock Package.resolved Cartfile.resolved pubspec.lock packages.lock.json paket.lock
        project.assets.json gradle.lockfile flake.lock Chart.lock MODULE.bazel.lock .terraform.lock.hcl
        stack.yaml.lock cabal.project.freeze conan.lock
        """,
    ),
    **_table(GENERATED, "project.pbxproj .pnp.cjs .pnp.loader.mjs"),
    **_table(BINARY, ".DS_Store"),
    **_table(
        SECRETS,
        """
        .env .netrc _netrc .pgpass .my.cnf .htpasswd .npmrc .pypirc .git-credentials .dockercfg .s3cfg .boto .vault_pass
        id_rsa id_dsa id_ecdsa id_ed25519 id_ecdsa_sk id_ed25519_sk credentials kubeconfig
        """,
    ),
}

# `.env.production` and `production.env` hold passwords; these are there to be copied and filled in.
_ENVIRONMENT_SAMPLES = frozenset({"example", "sample", "template", "dist", "schema"})

# File name endings in lower case; what may also be text (`dat`, `doc`, `mo`) is left to a look inside.
_ENDINGS = {
    **_table(
        BINARY,
        """
        png jpg jpeg gif bmp ico icns webp avif tif tiff psd ai xcf heic eps dds hdr exr tga svgz
        mp3 mp4 m4a m4v mov avi mkv webm flv wmv ogg oga ogv opus wav flac aac mid midi
        ttf otf woff woff2 eot pdf docx xls xlsx ppt pptx odt ods odp epub mobi djvu
        zip tar gz tgz bz2 tbz2 xz txz zst lz lz4 lzma 7z rar jar war ear aar apk aab ipa whl egg gem
        deb rpm dmg iso img msi cab crate nupkg xpi crx pack
        o a so dylib dll exe obj pdb ilk class pyc pyo pyd elc beam wasm node dex ko sys elf uf2
        gch pch hi dyn_o rlib rmeta nib car gmo
        db sqlite sqlite3 mdb accdb bin npy npz pkl pickle joblib parquet arrow feather orc avro h5 hdf5 rdata
        gguf ggml safetensors onnx pt pth ckpt tflite pb mlmodel caffemodel tfrecord
        fbx blend glb stl 3ds max dwg swf fla der pcap pcapng swp
        """,
    ),
    **_table("image", "svg"),  # text, but nobody's words
    **_table(SECRETS, "pem key p8 p12 pfx jks keystore kdbx ppk gpg pgp asc ovpn env"),
}

# Longer endings, which say more than the last part alone.
_LONG_ENDINGS = {
    **_table(
        GENERATED,
        """
        _pb2.py _pb2.pyi _pb2_grpc.py _pb2_grpc.pyi .pb.go .pb.gw.go .pb.validate.go .pb.cc .pb.h .pb.c .pb.rs
        _pb.js _pb.ts _pb.d.ts _pb.rb .g.dart .freezed.dart .g.cs .g.kt .designer.cs .Designer.cs .Designer.vb
        .generated.go .generated.ts .generated.js .generated.cs .generated.rs .generated.h .generated.swift
        _generated.go _generated.ts _generated.js _generated.rs _generated.h _generated.py .gen.go .gen.ts .gen.rs
        .snap .tfstate .tfstate.backup
        """,
    ),
    **_table(MINIFIED, ".min.js .min.mjs .min.cjs .min.css .min.html -min.js -min.css .bundle.js"),
    **_table(MINIFIED, ".js.map .css.map .mjs.map .cjs.map .ts.map"),
}


def _by_last_part(endings: dict[str, str]) -> dict[str, tuple[tuple[str, str], ...]]:
    """Group endings by what stands after their last dot, so that a name is compared with a few only."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for ending, reason in endings.items():
        groups.setdefault(ending.rpartition(".")[2].lower(), []).append((ending, reason))
    return {last: tuple(group) for last, group in groups.items()}


_LONG_ENDINGS_BY_LAST_PART = _by_last_part(_LONG_ENDINGS)


def file_reason(name: str) -> str:
    """Give the reason to skip a file with this name (the last part of its path); empty when its name is fine."""
    if name in _FILES:
        return _FILES[name]
    stem, _, last = name.rpartition(".")
    if not stem:
        return ""
    last = last.lower()
    if name.startswith(".env.") or last == "env":
        return "" if _ENVIRONMENT_SAMPLES.intersection(name.lower().split(".")) else SECRETS
    if last in _ENDINGS:
        return _ENDINGS[last]
    for ending, reason in _LONG_ENDINGS_BY_LAST_PART.get(last, ()):
        if name.endswith(ending):
            return reason
    return GENERATED if name.startswith("zz_generated.") else ""


def folder_reason(folder: str, on_disk: str) -> str:
    """Give the reason to skip a folder as a whole; empty to go in.

    `folder` is relative to the root, `on_disk` the path to look for witnesses.
    """
    parent, _, name = folder.rpartition("/")
    reason = _FOLDERS.get(name, "")
    if reason:
        return reason
    if name.endswith((".egg-info", ".dist-info")):
        return GENERATED
    # At the top, `vendor` belongs to the package manager of Go, PHP, Ruby or the web, tracked or not.
    if name == "vendor" and (not parent or parent.rpartition("/")[2] in _ASSET_FOLDERS):
        return VENDORED
    witnesses, reason = _WITNESSES.get(name, ((), ""))
    if any(os.path.lexists(f"{on_disk}/{witness}") for witness in witnesses):
        return reason
    return _BUILD if name in _TRACES and _holds(on_disk, _TRACES[name]) else ""


def _holds(on_disk: str, endings: tuple[str, ...]) -> bool:
    """Say whether a file right inside a folder has one of the endings."""
    try:
        return any(name.endswith(endings) for name in os.listdir(on_disk))
    except OSError:
        return False


def over_limit(limit: int) -> str:
    """Word the reason for a file above `limit` bytes: `over 1 MB`."""
    for unit, size in (("MB", 1_000_000), ("kB", 1_000)):
        if limit >= size:
            return f"over {limit / size:g} {unit}"
    return f"over {limit} bytes"


def trouble(error: OSError) -> str:
    """Word the reason for a file that the system does not give: `unreadable: permission denied`."""
    return f"{UNREADABLE}: {(error.strerror or type(error).__name__).lower()}"
