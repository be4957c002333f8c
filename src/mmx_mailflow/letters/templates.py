"""The texts of letters: a sandbox of templates, made from texts that the caller has read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from jinja2 import DictLoader, StrictUndefined, TemplateSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from mmx_mailflow.casework.letters import LetterName
from mmx_mailflow.casework.values import Language

BODIES = ("body.txt", "body.html")
PAGE = "_base/page.html"


@dataclass(frozen=True, slots=True)
class Templates:
    """The texts of all letters, ready to be rendered; compiled once each."""

    environment: ImmutableSandboxedEnvironment = field(repr=False)
    names: frozenset[str]


def templates_from(texts: Mapping[str, str]) -> Templates:
    """The templates whose texts stand under their paths (`en/acknowledge/body.txt`).

    To let a configured folder override some of them, the caller merges two mappings:
    `templates_from({**ours, **theirs})`.
    """
    environment = ImmutableSandboxedEnvironment(
        loader=DictLoader(dict(texts)),
        undefined=StrictUndefined,
        autoescape=_is_html,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
        cache_size=-1,
    )
    return Templates(environment=environment, names=frozenset(texts))


def _is_html(name: str | None) -> bool:
    return name is not None and name.endswith(".html")


def template_path(language: Language, letter: LetterName, body: str) -> str:
    """Where the text of a letter is looked for."""
    return f"{language.value}/{letter.value}/{body}"


def broken(templates: Templates) -> tuple[str, ...]:
    """What is wrong with the templates, a sentence each: absent or not to be compiled."""
    wanted = {
        template_path(language, letter, body)
        for language in Language
        for letter in LetterName
        for body in BODIES
    } | {PAGE}
    absent = [f"{path} is missing" for path in sorted(wanted - templates.names)]
    faults = (_fault(templates, path) for path in sorted(wanted & templates.names))
    return (*absent, *(fault for fault in faults if fault))


def _fault(templates: Templates, path: str) -> str:
    try:
        templates.environment.get_template(path)
    except TemplateSyntaxError as error:
        return f"{path} line {error.lineno}: {error.message}"
    return ""
