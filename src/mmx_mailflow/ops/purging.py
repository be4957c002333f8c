"""Purging as a whole: the list beside the key, the database, its files, the mail server."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from mmx_mailflow.casework.values import CaseId
from mmx_mailflow.intake.strip import without_files
from mmx_mailflow.office import Office
from mmx_mailflow.settings import Settings
from mmx_mailflow.store import cases, purge, removals, retention
from mmx_mailflow.store.retention import Due
from mmx_mailflow.transport.imap import Mailbox

ASKED = "asked"
"""The rule of a case that was purged because somebody wanted it."""
_MANY = 100


class CannotPurgeError(Exception):
    """A case cannot be purged now; the words say why."""


def list_beside(key_file: Path) -> Path:
    """The list of purged references: no backup holds it, so that a restore can repeat them."""
    return key_file.with_name(key_file.name + ".purged")


def listed(key_file: Path) -> list[tuple[CaseId, str]]:
    """References that were purged, with the rule; empty where nothing ever was."""
    path = list_beside(key_file)
    if not path.exists():
        return []
    words = [line.split() for line in path.read_text(encoding="ascii").splitlines()]
    return [(CaseId(word[0]), word[1]) for word in words if len(word) > 1]


def _note(key_file: Path, refs: Sequence[CaseId], rule: str) -> None:
    """Before the purge: a crash in between leaves one that is repeated, not one that is lost."""
    known = {ref for ref, _ in listed(key_file)}
    path = list_beside(key_file)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "a", encoding="ascii") as file:
        file.writelines(f"{ref} {rule}\n" for ref in refs if ref not in known)
        file.flush()
        os.fsync(file.fileno())


def purge_case(office: Office, settings: Settings, ref: CaseId, rule: str = ASKED) -> purge.Gone:
    """Purge one case for good; raises CannotPurgeError."""
    with office.store.begin() as connection:
        why = purge.obstacle(connection, ref)
        stored = cases.load(connection, office.keys, ref)
    if stored is not None and stored.case.legal_hold:
        why = "it is under a legal hold"
    if why:
        raise CannotPurgeError(f"case {ref} is not purged: {why}")
    _note(settings.security.key_file, [ref], rule)
    now, boxes = office.clock.now(), [box.name for box in settings.mailbox]
    with office.store.begin() as connection:
        gone = purge.purge(connection, office.keys, ref, rule, now)
        removals.ask(connection, office.keys, boxes, gone.message_ids, now)
    return gone


def purge_parts(office: Office, settings: Settings, part: Due) -> purge.Gone:
    """Take single mails and letters and leave the case as it is."""
    now, boxes = office.clock.now(), [box.name for box in settings.mailbox]
    with office.store.begin() as connection:
        mails = purge.blank_mails(connection, office.keys, part.mails)
        letters = purge.blank_letters(connection, part.letters)
        files = purge.strip_mails(connection, office.keys, part.files, without_files)
        names = mails.message_ids | letters.message_ids | files.message_ids
        removals.ask(connection, office.keys, boxes, names, now)
    return purge.Gone(
        mails=mails.mails + files.mails,
        letters=letters.letters,
        message_ids=names,
        nameless=mails.nameless + files.nameless,
    )


def due_now(office: Office, settings: Settings) -> list[Due]:
    """What the retention of the configuration lets go now."""
    with office.store.begin() as connection:
        return retention.due(connection, office.keys, settings.retention, office.clock.now())


def purge_due(office: Office, settings: Settings, part: Due) -> purge.Gone:
    """Purge one thing that is due."""
    if part.whole and part.ref is not None:
        return purge_case(office, settings, part.ref, part.rule)
    return purge_parts(office, settings, part)


def repeat(office: Office, settings: Settings) -> int:
    """After a restore: purge again what was purged; return how many cases that were."""
    count = 0
    for ref, rule in listed(settings.security.key_file):
        with office.store.begin() as connection:
            why = purge.obstacle(connection, ref, again=True)
        if not why:
            with office.store.begin() as connection:
                gone = purge.purge(connection, office.keys, ref, rule, office.clock.now())
                boxes = [box.name for box in settings.mailbox]
                removals.ask(connection, office.keys, boxes, gone.message_ids, office.clock.now())
            count += 1
    return count


def remove_on_server(office: Office, mailbox: Mailbox) -> int:
    """Remove purged mails from the folders of a mailbox; one that is gone already is fine."""
    where = mailbox.address
    folders = (where.folder, where.filed_folder, where.review_folder, where.sent_folder)
    with office.store.begin() as connection:
        wanted = removals.asked(connection, office.keys, where.name, _MANY)
    for removal in wanted:
        for folder in dict.fromkeys(filter(None, folders)):
            mailbox.remove(folder, removal.message_id)
        with office.store.begin() as connection:
            removals.done(connection, removal.number)
    return len(wanted)
