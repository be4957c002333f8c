"""`export`: everything about one case as a folder that a person can read, and a program too."""

from __future__ import annotations

import hashlib
import json
import mimetypes
import os
from html import escape
from pathlib import Path

from pydantic import JsonValue

from mmx_mailflow.casework.case import Case
from mmx_mailflow.casework.values import CaseId, Role
from mmx_mailflow.intake.read import read
from mmx_mailflow.office import Office
from mmx_mailflow.ops.board import details_of, said
from mmx_mailflow.store import cases, journal, messages, outbox

Rows = list[dict[str, JsonValue]]
_HEADINGS = {
    "mails": ("What we received", "Lo que recibimos"),
    "letters": ("What we wrote", "Lo que escribimos"),
    "disclosures": (
        "What was sent about you, to whom and when",
        "Qué enviamos de usted, a quién y cuándo",
    ),
    "attachments": ("Files in the mails", "Archivos en los correos"),
    "journal": ("What happened and what was decided", "Qué pasó y qué se decidió"),
}  # fmt: skip
_INTRO = (
    "Everything that is kept about this request. manifest.sha256 lists every file; "
    "`sha256sum -c manifest.sha256` checks them.",
    "Todo lo que se guarda sobre esta solicitud. manifest.sha256 enumera cada archivo; "
    "`sha256sum -c manifest.sha256` los comprueba.",
)


class FolderNotEmptyError(Exception):
    """The folder holds something already; nothing was written."""


class _Folder:
    """A folder for its owner alone, and the hash of every file that was put there."""

    def __init__(self, path: Path) -> None:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        if any(path.iterdir()):
            raise FolderNotEmptyError("the folder is not empty: nothing was written")
        path.chmod(0o700)
        self._path = path
        self._hashes: dict[str, str] = {}

    def put(self, name: str, content: bytes) -> None:
        """Write a new file."""
        path = self._path / name
        path.parent.mkdir(exist_ok=True, mode=0o700)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        self._hashes[name] = hashlib.sha256(content).hexdigest()

    def put_json(self, name: str, value: object) -> None:
        """Write a value as JSON."""
        self.put(name, json.dumps(value, ensure_ascii=False, indent=1, default=str).encode())

    def end(self) -> int:
        """Write the manifest; return how many files it lists."""
        lines = [f"{digest}  {name}\n" for name, digest in sorted(self._hashes.items())]
        count = len(self._hashes)
        self.put("manifest.sha256", "".join(lines).encode())
        return count


def export(office: Office, ref: CaseId, to: Path) -> int:
    """Write the package; return how many files. Raises FolderNotEmptyError."""
    folder = _Folder(to)
    with office.store.begin() as connection:
        stored = cases.load(connection, office.keys, ref)
        assert stored is not None, "the caller has seen the case"
        kept = messages.of_case(connection, office.keys, ref)
        written = outbox.of_case(connection, office.keys, ref)
        lines = journal.lines(connection, office.keys, ref)
    mails, attachments = _mails(folder, kept)
    letters = _letters(folder, written)
    gone = [r for r in letters if r["sent_at"] and r["to_role"] != Role.STAFF.value]
    told: Rows = [
        {
            "seq": line.seq, "at": said(line.at), "kind": line.kind, "before": line.before,
            "after": line.after, "because": line.because, "letters": [*line.letters],
            "actor": line.actor, "words": line.words,
        }
        for line in lines
    ]  # fmt: skip
    parts = {
        "mails": mails,
        "letters": letters,
        "disclosures": gone,
        "attachments": attachments,
        "journal": told,
    }
    folder.put_json("case.json", details_of(stored.case, office.policy))
    for name, rows in parts.items():
        folder.put_json(f"{name}.json", rows)
    folder.put("index.html", _page(office, stored.case, parts).encode())
    return folder.end()


def _mails(folder: _Folder, kept: list[messages.Kept]) -> tuple[Rows, Rows]:
    mails: Rows = []
    attachments: Rows = []
    for mail in kept:
        name = f"mails/{mail.number:06}.eml"
        if not mail.raw:
            mails.append({"file": "", "received_at": said(mail.received_at), "whole": False})
            continue
        folder.put(name, mail.raw)
        message = read(mail.raw)
        mails.append({
            "file": name,
            "received_at": said(mail.received_at),
            "from": ", ".join(message.from_addresses),
            "subject": message.subject,
            "whole": mail.whole,
        })  # fmt: skip
        for part in message.parts:
            # The name that the sender gave stays in the JSON: here it could lead elsewhere.
            end = mimetypes.guess_extension(part.media_type) or ".bin"
            file = f"attachments/{mail.number:06}-{part.index}{end}"
            folder.put(file, part.content)
            attachments.append({
                "file": file, "mail": name, "name": part.file_name,
                "media_type": part.media_type, "size": part.size,
            })  # fmt: skip
    return mails, attachments


def _letters(folder: _Folder, written: list[outbox.Opened]) -> Rows:
    letters: Rows = []
    for letter, row in written:
        name = f"letters/{letter.number:06}.eml"
        folder.put(name, letter.raw)
        letters.append({
            "file": name,
            "letter": letter.letter.value,
            "to": letter.recipient,
            "to_role": letter.to_role.value,
            "provider": letter.provider,
            "state": row.state,
            "created_at": said(row.created_at),
            "sent_at": said(row.sent_at),
            "answer_of_the_server": row.reply,
        })  # fmt: skip
    return letters


def _page(office: Office, case: Case, parts: dict[str, Rows]) -> str:
    """One page in both languages that needs no network."""
    both = [
        f"<h1>{escape(case.ref)}</h1><p>{escape(_INTRO[0])}</p><p lang=es>{escape(_INTRO[1])}</p>",
        "<h2>The case / <span lang=es>El caso</span></h2>",
        _table([{"": k, " ": v} for k, v in details_of(case, office.policy).items()]),
    ]
    for name, (english, spanish) in _HEADINGS.items():
        both.append(f"<h2>{escape(english)} / <span lang=es>{escape(spanish)}</span></h2>")
        both.append(_table(parts[name]))
    style = "body{font:16px sans-serif;margin:2em}td,th{border:1px solid #999;padding:.3em;vertical-align:top;text-align:left}table{border-collapse:collapse}"  # noqa: E501  one line of CSS
    head = f"<!doctype html><html lang=en><meta charset=utf-8><title>{escape(case.ref)}</title>"
    return f"{head}<style>{style}</style>{''.join(both)}</html>\n"


def _table(rows: Rows) -> str:
    if not rows:
        return "<p>– nothing / <span lang=es>nada</span> –</p>"
    names = list(dict.fromkeys(name for row in rows for name in row))
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    body = "".join(
        "<tr>" + "".join(f"<td>{_cell(name, row.get(name))}</td>" for name in names) + "</tr>"
        for row in rows
    )
    return f"<table><tr>{head}</tr>{body}</table>"


def _cell(name: str, value: JsonValue) -> str:
    if value is None or value == "":
        return ""
    words = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    shown = escape(words)
    return f'<a href="{shown}">{shown}</a>' if name == "file" else shown
