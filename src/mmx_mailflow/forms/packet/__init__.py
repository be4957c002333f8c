"""The packet that goes out, drawn by reportlab: authorization, carta poder, instructions."""

from mmx_mailflow.forms.packet.build import issued_form, packet, places
from mmx_mailflow.forms.packet.facts import FormWords, PacketFacts, PlaceBox, words_from

__all__ = [
    "FormWords",
    "PacketFacts",
    "PlaceBox",
    "issued_form",
    "packet",
    "places",
    "words_from",
]
