"""The packet that goes out, drawn by reportlab: authorization, carta poder, instructions."""

from mmx_mailflow.forms.packet.build import issued_form, only_pages, packet
from mmx_mailflow.forms.packet.facts import FormWords, PacketFacts, words_from
from mmx_mailflow.forms.packet.picture import signature_picture

__all__ = [
    "FormWords",
    "PacketFacts",
    "issued_form",
    "only_pages",
    "packet",
    "signature_picture",
    "words_from",
]
