"""From HTML to the words that a person sees."""

from __future__ import annotations

import re
from html import unescape

from inscriptis import get_text
from inscriptis.css_profiles import CSS_PROFILES
from inscriptis.model.config import ParserConfig
from selectolax.lexbor import LexborHTMLParser, LexborNode

_LARGEST = 400_000
_HIDDEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0|max-height\s*:\s*0"
    r"|opacity\s*:\s*0(?![.\d])|mso-hide\s*:\s*all",
    re.IGNORECASE,
)
_CONFIG = ParserConfig(css=CSS_PROFILES["strict"], display_links=False, display_images=False)
_DEEPEST = 150
_MOST_TAGS = 20_000
_BLOCKS = "p, div, br, tr, li, h1, h2, h3, h4, table, blockquote"


def words_of(html: str) -> str:
    """The visible text, lines as a person reads them, quotes marked by `> `.

    Bounded: what is too large or too deeply nested is read without its layout.
    """
    html = html[:_LARGEST]
    if html.count("<") > _MOST_TAGS or _depth(html) > _DEEPEST:
        return _without_tags(html)
    tree = LexborHTMLParser(html)
    if tree.body is None:
        return ""
    for node in tree.css("script, style, head, title, template, noscript"):
        node.decompose()
    for node in tree.css("[style], [hidden]"):
        if "hidden" in node.attributes or _HIDDEN.search(node.attributes.get("style") or ""):
            node.decompose()
    for node in tree.css("blockquote[type=cite], .gmail_quote blockquote, blockquote.gmail_quote"):
        _mark_quote(node)
    if html.count("<") > 40_000 or _depth(html) > _DEEPEST:
        return _plain(tree)
    body = tree.html or ""
    words = get_text(body, _CONFIG)
    plain = _plain(tree)
    return words if len(words.split()) * 2 >= len(plain.split()) else plain


def _mark_quote(node: LexborNode) -> None:
    """A quoted block becomes lines that begin with `> `, as plain text has them."""
    text = node.text(separator="\n", strip=True)
    lines = "".join(f"<div>&gt; {_escaped(line)}</div>" for line in text.splitlines())
    fragment = LexborHTMLParser(f"<div>{lines}</div>").css_first("div")
    if fragment is not None:
        node.replace_with(fragment)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _depth(html: str) -> int:
    """How deep the tags are nested, at least."""
    depth = deepest = 0
    for found in re.finditer(r"<(/?)(div|table|td|tr|span|blockquote|font|b|i|ul|ol)\b", html):
        depth += -1 if found.group(1) else 1
        deepest = max(deepest, depth)
    return deepest


_COMMENT = re.compile(
    r"<!--.{0,20000}?-->|<(style|script)\b.{0,50000}?</\1>", re.IGNORECASE | re.DOTALL
)
_BLOCK_TAG = re.compile(
    r"</?(?:p|div|br|tr|li|h[1-6]|table|blockquote)\b[^<>]{0,2000}>", re.IGNORECASE
)
_TAG = re.compile(r"<[^<>]{0,2000}>")


def _without_tags(html: str) -> str:
    """The words of what no layout can be made of: too many tags, or too deep."""
    return unescape(_TAG.sub("", _BLOCK_TAG.sub("\n", _COMMENT.sub(" ", html))))


def _plain(tree: LexborHTMLParser) -> str:
    for node in tree.css(_BLOCKS):
        node.insert_before("\n")
    body = tree.body
    return body.text(separator="") if body is not None else ""
