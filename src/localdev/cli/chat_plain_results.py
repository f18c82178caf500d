"""Reviews, commit messages and patches in the plain chat: printed, and carried out after a yes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from localdev.core.events import Notice
from localdev.core.neutral import neutral, one_line

if TYPE_CHECKING:
    from localdev.cli.chat_plain import PlainChat
    from localdev.core.talk import Turn


def show_result(chat: PlainChat, turn: Turn, payload: dict[str, Any]) -> None:
    """Print what a job gave, by the kind of its turn."""
    _SHOW[turn.kind](chat, turn, payload)


def _review(chat: PlainChat, _turn: Turn, payload: dict[str, Any]) -> None:
    """Print the findings as `localdev review` does."""
    from localdev.cli.reviewed import printed

    printed(chat.out, payload, "text")


def _commit(chat: PlainChat, turn: Turn, payload: dict[str, Any]) -> None:
    """Print the message, and commit with it after a yes."""
    from localdev.app.git_commit import commit_with, new_commit, why_not

    out = chat.out
    what, hint = why_not(payload)
    if what:
        out.notice(Notice("warning", what))
        for each in payload.get("secrets") or ():
            out.notice(Notice("warning", f"{each['path']}:{each['line']}: {each['message']}"))
        out.notice(Notice("hint", hint))
        return
    for row in str(payload["message"]).split("\n"):
        out.line(neutral(row))
    answer = _asked(chat, "Commit with this message? [y]es, [e]dit, [N]o ", "`localdev commit --yes` commits")
    if not answer.startswith(("y", "e")):
        out.aside("nothing was committed")
        return
    root = chat.conversation.root
    code = commit_with(root, str(payload["message"]), edit=answer.startswith("e"), quiet=False)
    if code == 0:
        made = new_commit(root)
        out.aside(f"committed as {made[:12]}")
        _became(chat, turn, committed=made)
    else:
        chat.failed = True
        out.notice(Notice("warning", f"git did not commit (exit code {code})"))


def _gen(chat: PlainChat, turn: Turn, payload: dict[str, Any]) -> None:
    """Print the checks and the patch, and write it after a yes."""
    out = chat.out
    for check in payload["checks"]:
        out.aside(one_line(f"{'ok' if check['ok'] else 'FAILED'}  {check['name']}: {check['detail']}"))
    if not payload["patch"]:
        out.aside("refused: the checks above failed, and nothing was changed")
        return
    out.piece(payload["patch"])
    out.end_line()
    if _asked(chat, "Write this patch? [y]es, [N]o ", "`git apply` takes it").startswith("y"):
        _write(chat, turn, payload["patch"])
    else:
        out.aside("nothing was written")


def _write(chat: PlainChat, turn: Turn, patch: str) -> None:
    """Write a patch into the files as they are now; all of it or nothing."""
    from localdev.app.applying import Moved
    from localdev.app.proposed import proposed_files
    from localdev.core.patch import FileEdit

    files = proposed_files(patch, chat.conversation.root)
    for each in files:
        if each.moved:
            raise Moved(f"{each.path}: {each.moved}", "ask again: /retry")
    chat.desk.apply([FileEdit(each.path, each.old, each.new) for each in files], turn.asked)
    chat.out.aside(f"written to {', '.join(one_line(each.path) for each in files)}; /undo takes it back")
    _became(chat, turn, applied=True)


def _became(chat: PlainChat, turn: Turn, **since: bool | str) -> None:
    """Keep with a turn what became of it; the screen says it where the conversation is gone on with."""
    chat.conversation.revise(replace(turn, payload={**(turn.payload or {}), **since}))


def _asked(chat: PlainChat, question: str, otherwise: str) -> str:
    """Ask; without a terminal nobody says yes."""
    if not chat.interactive:
        chat.out.notice(Notice("hint", f"nobody is there to ask; {otherwise}"))
        return ""
    return (chat.read_line(question) or "").strip().lower()


_SHOW: dict[str, Callable[[PlainChat, Turn, dict[str, Any]], None]] = {
    "review": _review,
    "commit": _commit,
    "gen": _gen,
}
