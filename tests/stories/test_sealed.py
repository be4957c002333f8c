"""A form signed with a certificate comes back and is accepted as the office says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.forms.sealing import changed, sealed
from tests.stories.mails import REQUEST_EN, files_in, subject_of
from tests.stories.world import LUZ, World, a_world, with_policy

from mmx_mailflow.casework.returned import CheckResult, Signature
from mmx_mailflow.forms.shape import places
from mmx_mailflow.intake.directory import Directory, DirectoryEntry
from mmx_mailflow.sandbox.filling import filled

pytestmark = [pytest.mark.servers, pytest.mark.enable_socket]
ANA = "ana.prueba@gmail.com"
HARBOR = "records@harbor.example"
SIGNED = ("A13", "A12.6", "B2.1")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with a_world(tmp_path) as made:
        yield made


def form_with_seals(world: World, letter: bytes) -> bytes:
    """The form of a letter, filled in on a screen and signed with a certificate thrice."""
    [pdf] = [content for name, content in files_in(letter) if name.endswith(".pdf")]
    boxes = places(world.case().form.roles)
    today = world.clock.now().date().isoformat()
    content = filled(pdf, boxes, sign=(), typed={f"{place}.date": today for place in SIGNED})
    for n, box in enumerate(b for b in boxes if b.place in SIGNED):
        at = (box.x + 4, box.y + 4, box.x + box.width - 4, box.y + box.height - 4)
        content = sealed(content, at=at, page=box.page - 1, field=f"Signature{n}")
    return content


@pytest.fixture
def world_in_california(world: World) -> World:
    """The only provider is in the United States, so that no *carta poder* is asked for."""
    entry = DirectoryEntry(name="Harbor Light Hospital", email=HARBOR, country="US")
    world.office = replace(world.office, directory=Directory.of((entry,)))
    return world


@pytest.mark.parametrize("accepts", ["automatic", "staff"])
def test_a_form_signed_with_a_certificate_is_accepted_as_the_office_says(
    world_in_california: World, accepts: str
) -> None:
    world = world_in_california
    with_policy(world, accept_forms=accepts)
    text = REQUEST_EN.replace(
        "Hospital Faro del Mar", "Harbor Light Hospital, San Diego, California"
    )
    world.writes(ANA, "Medical records", text)
    [first] = world.new(ANA)
    files = (("form.pdf", "application/pdf", form_with_seals(world, first)),)
    world.writes(ANA, "", "Signed.", answers=first, files=files)
    world.passes(minutes=6)

    [returned] = world.case().returns
    found = {p.place: p.signature for page in returned.returned.pages for p in page.places}
    assert found["A13"] == found["A12.6"] == Signature.CRYPTOGRAPHIC
    assert {c.result for c in returned.returned.checks} == {
        CheckResult.PASS,
        CheckResult.NOT_APPLICABLE,
    }
    by_itself = accepts == "automatic"
    assert len(world.to(HARBOR)) == by_itself
    assert any("returned form" in subject_of(x) for x in world.new(LUZ)) != by_itself


def test_a_value_typed_after_signing_is_never_accepted_by_itself(
    world_in_california: World,
) -> None:
    world = world_in_california
    with_policy(world, accept_forms="automatic")
    text = REQUEST_EN.replace(
        "Hospital Faro del Mar", "Harbor Light Hospital, San Diego, California"
    )
    world.writes(ANA, "Medical records", text)
    [first] = world.new(ANA)
    altered = changed(form_with_seals(world, first), "A13.date", "2026-10-30")
    world.writes(
        ANA, "", "Signed.", answers=first, files=(("form.pdf", "application/pdf", altered),)
    )
    world.passes(minutes=6)

    assert world.case().authorization is None
    assert world.to(HARBOR) == []
