"""From a letter to its text and its HTML, in one language or, for providers, in two."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from mmx_mailflow.casework.case import Case
from mmx_mailflow.casework.letters import Letter
from mmx_mailflow.casework.policy import Policy
from mmx_mailflow.casework.values import Language, Role
from mmx_mailflow.letters.blocks import blocks
from mmx_mailflow.letters.context import context
from mmx_mailflow.letters.templates import BODIES, PAGE, Templates, template_path


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture within a page: what it shows, and the Content-ID of its part (RFC 2392)."""

    place: str
    content_id: str


_BETWEEN_LANGUAGES = "\n\n* * *\n\n"


def rendered(
    letter: Letter,
    case: Case | None,
    policy: Policy,
    *,
    now: datetime,
    code: str,
    templates: Templates,
    pictures: Sequence[Picture] = (),
) -> tuple[str, str]:
    """The text and the HTML page of a letter; a word that a template lacks raises."""
    languages = (
        (Language.ES, Language.EN) if letter.to_role == Role.PROVIDER else (letter.language,)
    )
    texts: list[str] = []
    parts: list[tuple[str, Markup]] = []
    for language in languages:
        words = context(letter, case, policy, now=now, code=code, language=language)
        text, html = _one_language(letter, words | {"pictures": pictures}, language, templates)
        texts.append(text)
        parts.append((language.value, html))
    page = templates.environment.get_template(PAGE)
    shown = page.render(language=languages[0].value, parts=parts, organisation=policy.organisation)
    return _BETWEEN_LANGUAGES.join(texts) + "\n", shown


def _one_language(
    letter: Letter, words: dict[str, object], language: Language, templates: Templates
) -> tuple[str, Markup]:
    names = [template_path(language, letter.name, body) for body in BODIES]
    text_template, html_template = map(templates.environment.get_template, names)
    text = _tidy(text_template.render(words))
    html = html_template.render(words, blocks=blocks(text))
    return text, Markup(html)  # noqa: S704  it was escaped when its template was rendered


def _tidy(text: str) -> str:
    """No blanks at the ends of lines and one blank line at most, whatever loops left behind."""
    text = re.sub(r"[ \t]+\n", "\n", text)
    return re.sub(r"\n{3,}", "\n\n", text).strip("\n")
