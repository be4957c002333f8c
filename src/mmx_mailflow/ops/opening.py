"""From the configuration to an open office: store, templates, directory, mailbox, mail server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

from mmx_mailflow.forms.packet import FormWords, signature_picture, words_from
from mmx_mailflow.intake.directory import Directory
from mmx_mailflow.letters.compose import Templates, templates_from
from mmx_mailflow.letters.templates import broken
from mmx_mailflow.office import Office
from mmx_mailflow.settings import ConfigError, Settings, Smtp, data_path
from mmx_mailflow.settings import Mailbox as MailboxSettings
from mmx_mailflow.store import directory
from mmx_mailflow.store.engine import Store, open_store
from mmx_mailflow.store.vault import load_keys
from mmx_mailflow.transport.clock import Clock
from mmx_mailflow.transport.errors import LoginError
from mmx_mailflow.transport.imap import Mailbox, MailboxAddress
from mmx_mailflow.transport.smtp import Sender, SenderAddress


def template_texts(own: Path | None) -> Mapping[str, str]:
    """Every template as text by its path; a configured folder may override any."""
    texts: dict[str, str] = {}
    for folder in (data_path("templates"), *((own,) if own else ())):
        for path in sorted(folder.rglob("*")):
            if path.suffix in {".txt", ".html", ".toml"}:
                texts[path.relative_to(folder).as_posix()] = path.read_text(encoding="utf-8")
    return texts


def form_words(texts: Mapping[str, str]) -> FormWords:
    """The form's wording, with every block that ours has; raises `ConfigError`."""
    ours = words_from(template_texts(None))
    try:
        words = words_from(texts)
        if missing := sorted(ours.en.keys() - words.en.keys()):
            raise ValueError(f"blocks are missing: {', '.join(missing)}")  # noqa: TRY301  as a wrong word
    except ValueError as error:
        what = f"form/words.toml cannot be printed: {error}"
        raise ConfigError("service.templates_dir", what, "") from error
    return words


def agent_signature(path: Path | None) -> bytes | None:
    """The agent's signature to print, None without a file; raises `ConfigError`."""
    key, example = "service.agent_signature_file", 'agent_signature_file = "signature.png"'
    if path is None:
        return None
    try:
        return signature_picture(path.read_bytes())
    except OSError as error:
        why = error.strerror or "it cannot be read"
        raise ConfigError(key, f"the file cannot be read ({why})", example) from error
    except ValueError as error:
        raise ConfigError(key, f"cannot be printed: {error}", example) from error


def open_office(settings: Settings, clock: Clock) -> Office:
    """Everything the line works with; raises what the store and the settings raise."""
    signature = agent_signature(settings.service.agent_signature_file)
    keys = load_keys(settings.security.key_file)
    store = open_store(settings.database.full_url(), keys, data_path("migrations"))
    return _office(settings, clock, store, signature)


def read_again(office: Office, settings: Settings) -> Office:
    """The office with the staff, policy, templates and directory of now; what is open stays open.

    Raises what the settings raise.
    """
    signature = agent_signature(settings.service.agent_signature_file)
    new = _office(settings, office.clock, office.store, signature)
    refuse_broken(new.templates)
    return replace(new, worker=office.worker, stopping=office.stopping)


def refuse_broken(templates: Templates) -> None:
    """Raise `ConfigError` for a letter without a template that can be used."""
    if faults := broken(templates):
        raise ConfigError("service.templates_dir", faults[0], "")


def _office(settings: Settings, clock: Clock, store: Store, signature: bytes | None) -> Office:
    texts = template_texts(settings.service.templates_dir)
    with store.begin() as connection:
        entries = directory.entries(connection)
    ours = {settings.service.records_address, *settings.staff.members, *(e.email for e in entries)}
    return Office(
        store=store,
        keys=store.keys,
        policy=settings.policy(),
        templates=templates_from(texts),
        words=form_words(texts),
        directory=Directory.of(entries),
        clock=clock,
        trusted_ids=settings.security.trusted_authserv_ids,
        staff_proof=settings.security.staff_proof,
        protected=frozenset(a.rpartition("@")[2] for a in ours if "@" in a),
        web_form_senders=frozenset(settings.service.web_form_senders),
        answer_since=settings.service.answer_since,
        max_message_bytes=settings.service.max_message_mb * 1_000_000,
        own_copy=settings.smtp.own_copy,
        unknown_answers_per_hour=settings.service.unknown_answers_per_hour,
        retention=settings.retention,
        code_overlap=timedelta(days=settings.security.code_overlap_days),
        plus=settings.service.plus_addressing,
        agent_signature=signature,
    )


def _password(server: Smtp) -> str:
    """The word to log in with, as its file has it now; raises LoginError where there is none."""
    try:
        return server.password()
    except ConfigError as error:
        raise LoginError(f"read {error.key}") from error


def mailbox_of(box: MailboxSettings) -> Mailbox:
    """The mailbox of a section of the configuration, not connected yet."""
    return Mailbox(
        MailboxAddress(
            name=box.name,
            host=box.host,
            port=box.port,
            security=box.security,
            username=box.username,
            password=box.password(),
            auth=box.auth,
            folder=box.folder,
            filed_folder=box.filed_folder,
            review_folder=box.review_folder,
            sent_folder=box.sent_folder,
            idle=box.idle,
            timeout=box.timeout_seconds,
            ca_file=str(box.ca_file) if box.ca_file else None,
        )
    )


def sender_of(smtp: Smtp) -> Sender:
    """The mail server of the configuration, not connected yet; raises `ConfigError`."""
    smtp.password()  # at each login it is read again, but a slip shows at once
    return Sender(
        SenderAddress(
            host=smtp.host,
            port=smtp.port,
            security=smtp.security,
            username=smtp.username,
            password=partial(_password, smtp),
            auth=smtp.auth,
            timeout=smtp.timeout_seconds,
            messages_per_minute=smtp.messages_per_minute,
            ca_file=str(smtp.ca_file) if smtp.ca_file else None,
        )
    )
