"""Quote heads of the clients that people use, in English and Spanish."""

from __future__ import annotations

import pytest

from mmx_mailflow.intake.message import RegionSort
from mmx_mailflow.intake.regions import regions_of

OLD = "Patient: Bob Stone, born March 3, 1950"
QUOTED = "> " + OLD
HEADS = {
    "gmail en": f"On Mon, Jan 6, 2025 at 9:00 AM Records <records@medicalmex.example> wrote:\n\n{QUOTED}",
    "gmail en, broken": f"On Mon, Jan 6, 2025 at 9:00 AM MedicalMex Records\n<records@medicalmex.example> wrote:\n\n{QUOTED}",
    "gmail es": f"El lun, 6 ene 2025 a las 9:00, Records (<records@medicalmex.example>)\nescribió:\n\n{QUOTED}",
    "apple en": f"> On Jan 6, 2025, at 9:00 AM, Records <records@medicalmex.example> wrote:\n> \n{QUOTED}",
    "apple es": f"> El 6 ene 2025, a la(s) 9:00 a.m., Records <records@medicalmex.example> escribió:\n> \n{QUOTED}",
    "yahoo en": f"On Monday, January 6, 2025 at 09:00:00 AM PST, Records <records@medicalmex.example> wrote:\n\n{OLD}",
    "yahoo es": f"El lunes, 6 de enero de 2025, 09:00:00 a.m. CST, Records <records@medicalmex.example> escribió:\n\n{OLD}",
    "outlook en": f"________________________________\nFrom: Records <records@medicalmex.example>\nSent: Monday, January 6, 2025 9:00 AM\nTo: Pat\nSubject: x\n\n{OLD}",
    "outlook desktop en": f"From: Records <records@medicalmex.example>\nSent: Monday, January 6, 2025 9:00 AM\nTo: Pat\nSubject: x\n\n{OLD}",
    "outlook es": f"De: Records <records@medicalmex.example>\nEnviado el: lunes, 6 de enero de 2025 9:00\nPara: Pat\nAsunto: x\n\n{OLD}",
    "outlook express": f"-----Original Message-----\nFrom: Records <records@medicalmex.example>\nSent: Mon, Jan 6, 2025 9:00 am\nTo: Pat\nSubject: x\n\n{OLD}",
    "outlook express es": f"-----Mensaje original-----\nDe: Records <records@medicalmex.example>\nEnviado: lunes, 6 de enero de 2025\nPara: Pat\nAsunto: x\n\n{OLD}",
    "proton en": f"On Monday, January 6th, 2025 at 9:00 AM, Records <records@medicalmex.example> wrote:\n\n{QUOTED}",
    "proton es": f"El lunes, 6 de enero de 2025 a las 9:00, Records <records@medicalmex.example> escribió:\n\n{QUOTED}",
    "thunderbird": f"On 1/6/2025 9:00 AM, Records wrote:\n{QUOTED}",
    "thunderbird es": f"El 06/01/2025 a las 9:00, Records escribió:\n{QUOTED}",
}


@pytest.mark.parametrize("client", HEADS)
def test_what_is_quoted_is_not_new(client: str) -> None:
    text = f"My name is Pat.\n\n{HEADS[client]}\n"
    regions = regions_of(text)
    new = "".join(text[r.start : r.end] for r in regions if r.sort == RegionSort.NEW)

    assert new.strip() == "My name is Pat."
    assert "".join(text[r.start : r.end] for r in regions) == text


def test_an_answer_below_a_marked_quote_is_new() -> None:
    text = f"On 1/6/2025 9:00 AM, Records wrote:\n> Date of birth?\nMay 3, 1970\n{QUOTED}\nThanks\n"
    new = [text[r.start : r.end].strip() for r in regions_of(text) if r.sort == RegionSort.NEW]

    assert new == ["May 3, 1970", "Thanks"]
