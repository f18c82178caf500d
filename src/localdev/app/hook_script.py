"""The hook that git runs: a small shell script that decides by itself whether there is anything to do.

It starts localdev only then, so that a commit without work for it costs a few milliseconds. A guard in the shell ends a
localdev that hangs before it can end itself.
"""

from __future__ import annotations

import hashlib
import re
import shlex
from dataclasses import dataclass

HOOKS = ("pre-commit", "prepare-commit-msg", "commit-msg")
# The hook that was there before is kept under this ending and run first.
BEFORE = ".before-localdev"
NEXT_STEP = "localdev review --diff HEAD~1..HEAD"

_HEAD = re.compile(rb"#!/bin/sh\n# localdev (?P<name>[\w-]+) hook, (?P<digest>[0-9a-f]{16})\n", re.ASCII)
_START = """\
# Written by `localdev hooks install`, taken out by `localdev hooks uninstall`. LOCALDEV_SKIP=1 goes around it.
before=${0%/*}/@NAME@@BEFORE@
if [ -x "$before" ]; then
    "$before" "$@" || exit $?
fi
case ${LOCALDEV_SKIP:-0} in 0 | false | no) ;; *) exit 0 ;; esac
case ,${SKIP:-}, in *,localdev,* | *,localdev-@SHORT@,*) exit 0 ;; esac
case ${CI:-0} in 0 | false | no) ;; *) exit 0 ;; esac
[ -z "${TF_BUILD:-}${JENKINS_URL:-}${TEAMCITY_VERSION:-}${CODEBUILD_BUILD_ID:-}" ] || exit 0
git_dir=$(git rev-parse --git-dir) || exit 0
for sign in rebase-merge rebase-apply MERGE_HEAD CHERRY_PICK_HEAD REVERT_HEAD; do
    [ ! -e "$git_dir/$sign" ] || exit 0
done
"""
_MARK = """\
mark=$(git config --get core.commentString || git config --get core.commentChar)
case $mark in '' | auto) mark='#' ;; esac
"""
_STAGED = "git diff --cached --quiet --no-ext-diff && exit 0\n"
_CHEAP = {
    "pre-commit": _STAGED,
    # A second word says where the message comes from; a template that only holds comments leaves it open.
    "prepare-commit-msg": """\
case ${2:-} in '' | template) ;; *) exit 0 ;; esac
[ "${GIT_EDITOR:-}" != : ] || exit 0
"""
    + _STAGED
    + _MARK
    + """\
awk -v mark="$mark" '
    index($0, mark " ------------------------ >8 ---") == 1 { exit }
    index($0, mark) != 1 && NF { found = 1; exit }
    END { exit found }' "$1" || exit 0
""",
    # What holds no long word with digits, none of these words and no marks of a conflict cannot be found fault with.
    "commit-msg": _MARK
    + """\
awk -v mark="$mark" '
    index($0, mark " ------------------------ >8 ---") == 1 { exit }
    index($0, mark) == 1 { next }
    NF && !subject { subject = 1; if (length($0) > @SUBJECT@) found = 1 }
    /^<<<<<<</ || /^=======/ || /^>>>>>>>/ { found = 1 }
    tolower($0) ~ /passw|secret|token|key|credential|bearer|pwd|login|auth/ { found = 1 }
    {
        words = split($0, word, /[ \\t]+/)
        for (at = 1; at <= words; at++)
            if (length(word[at]) >= 12 && word[at] ~ /[0-9]/ && word[at] ~ /[A-Za-z]/) found = 1
    }
    END { exit found }' "$1" && exit 0
""",
}
_END = """\
deadline=${LOCALDEV_HOOKS_DEADLINE:-@DEADLINE@}
set -- hooks run @NAME@ --deadline "$deadline"@FLAGS@@ARGUMENTS@
if [ -x @PROGRAM@ ]; then
    set -- @WORDS@ "$@"
elif command -v localdev >/dev/null 2>&1; then
    set -- localdev "$@"
else
    echo "localdev is not where it was (@PLAIN@): @UNDONE@" >&2
    echo "hint: install the hooks again, or remove $0 to do without" >&2
    exit @STRICT@
fi
"$@" &
job=$!
(
    trap 'kill "$nap"; exit' TERM
    for seconds in "$deadline" 1; do
        sleep "$seconds" &
        nap=$!
        wait "$nap" || exit
    done
    kill "$job"
    sleep 1
    kill -KILL "$job"
) </dev/null >/dev/null 2>&1 &
guard=$!
trap 'kill "$job" "$guard" 2>/dev/null; exit 130' INT HUP TERM
wait "$job" 2>/dev/null
code=$?
kill "$guard" 2>/dev/null
case $code in 0 | 1) exit "$code" ;; esac
if [ "$code" -gt 128 ]; then
    echo "localdev did not end within $deadline s: @UNDONE@" >&2
else
    echo "localdev failed (exit code $code): @UNDONE@" >&2
fi
echo "hint: @NEXT@" >&2
exit @STRICT@
"""
_UNDONE = {
    "pre-commit": "nothing was reviewed",
    "prepare-commit-msg": "no message was drafted",
    "commit-msg": "the message was not checked",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """How hooks are to behave: `program` starts localdev, `deadline` is in seconds, `subject` its longest length."""

    program: tuple[str, ...]
    deadline: float = 10.0
    strict: bool = False
    subject: int = 72


def hook_script(name: str, wanted: Wanted) -> bytes:
    """Give the text of one hook."""
    values = {
        "NAME": name,
        "SHORT": {"pre-commit": "review"}.get(name, name),
        "BEFORE": BEFORE,
        "DEADLINE": f"{wanted.deadline:g}",
        "SUBJECT": str(wanted.subject or 1_000_000),
        "FLAGS": " --strict" if wanted.strict else "",
        "ARGUMENTS": "" if name == "pre-commit" else ' "$1"',
        "PROGRAM": shlex.quote(wanted.program[0]),
        "WORDS": shlex.join(wanted.program),
        "PLAIN": _harmless(wanted.program[0]),
        "UNDONE": _UNDONE[name] + (", the commit stops (strict)" if wanted.strict else ", the commit goes on"),
        "STRICT": str(int(wanted.strict)),
        "NEXT": NEXT_STEP if name == "pre-commit" else "LOCALDEV_SKIP=1 goes around it",
    }
    text = _START + _CHEAP[name] + _END
    body = re.sub(r"@([A-Z]+)@", lambda found: values[found[1]], text).encode("utf-8", "surrogateescape")
    return f"#!/bin/sh\n# localdev {name} hook, {_digest(body)}\n".encode() + body


def is_ours(data: bytes) -> bool:
    """Say whether a file began as one of these hooks."""
    return _HEAD.match(data) is not None


def is_unchanged(data: bytes) -> bool:
    """Say whether one of these hooks is as it was written."""
    head = _HEAD.match(data)
    return head is not None and head["digest"].decode() == _digest(data[head.end() :])


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:16]


def _harmless(path: str) -> str:
    """Write a path so that it can stand in double quotes."""
    return re.sub(r'["$`\\]', "?", path)


def options_of(data: bytes) -> tuple[float, bool]:
    """Read the deadline and whether it is strict out of one of these hooks."""
    found = re.search(rb"LOCALDEV_HOOKS_DEADLINE:-([0-9.e+]+)\}", data)
    return float(found[1]) if found else 0.0, b'" --strict' in data
