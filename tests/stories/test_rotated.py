"""The key file is changed while a form is out: what the patient holds stays good."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.stories.mails import REQUEST_EN, words_of
from tests.stories.world import LUZ, World, a_world, office_in

from mmx_mailflow.casework.case import State
from mmx_mailflow.ops import rotate
from mmx_mailflow.store import messages
from mmx_mailflow.store.vault import KeyWrongError, read_key_file

pytestmark = [pytest.mark.servers, pytest.mark.enable_socket]
ANA = "ana.prueba@gmail.com"


def test_letters_and_forms_from_before_a_rotation_are_recognised_after_it(tmp_path: Path) -> None:
    with a_world(tmp_path) as world:
        world.writes(ANA, "Records", REQUEST_EN)
        [first] = world.new(ANA)
        form = world.signed_form(first)
        [(old, secret)] = read_key_file(tmp_path / "key")
        rotate.rotate(world.office.store, tmp_path / "key", world.office.today())
        assert rotate.finish(world.office.store, tmp_path / "key") == [old]
        world.office.close()
        world.office = office_in(tmp_path, world.clock)
        world.clock.advance(timedelta(days=40))

        world.writes(ANA, "", "Signed.", answers=first, files=form)

        case = world.case()
        assert case.confirmed
        assert case.state == State.FORM_REVIEW
        assert all(page.code.verified for page in case.returns[-1].returned.pages)
        [review] = [x for x in world.new(LUZ) if "APPROVE" in words_of(x)]
        assert case.ref in words_of(review)

        world.office.close()
        before = replace(world.office.keys, named=((old, secret),), again=None, root=b"")
        with pytest.raises(KeyWrongError):
            before.unwrap(_wrapped(tmp_path), f"cases.wrapped_key/{case.ref}")


def test_what_bears_an_old_code_counts_through_the_overlap_and_not_after_it(
    tmp_path: Path,
) -> None:
    """By another address, so that the code alone says where a mail belongs."""
    with a_world(tmp_path) as world:
        world.office = replace(world.office, code_overlap=timedelta(days=10))
        world.writes(ANA, "Records", REQUEST_EN)
        [first] = world.new(ANA)
        form = world.signed_form(first)
        rotate.rotate(world.office.store, tmp_path / "key", world.office.today())

        world.clock.advance(timedelta(days=10))
        world.writes("kin1@yahoo.com", "", "A question for you.", answers=first)
        assert _last(world)["ref"] == world.case().ref
        world.clock.advance(timedelta(days=1))
        world.writes("kin2@yahoo.com", "", "A question for you.", answers=first)
        assert _last(world)["why"] == "a code of ours that has lapsed"
        world.writes("kin3@yahoo.com", "Form", "Signed.", files=form)
        assert _last(world)["outcome"] == "held"
        assert not world.case().returns
        world.writes(ANA, "", "When will it come?", answers=first)
        assert _last(world)["ref"] == world.case().ref
        assert not world.case().confirmed


def test_staff_go_on_in_a_thread_whose_codes_have_lapsed(tmp_path: Path) -> None:
    with a_world(tmp_path) as world:
        world.office = replace(world.office, code_overlap=timedelta())
        world.writes(ANA, "Records", REQUEST_EN)
        [first] = world.new(ANA)
        world.writes(ANA, "", "Signed.", answers=first, files=world.signed_form(first))
        [review] = [x for x in world.to(LUZ) if "APPROVE" in words_of(x)]
        rotate.rotate(world.office.store, tmp_path / "key", world.office.today())
        world.clock.advance(timedelta(days=1))

        world.writes(LUZ, "", "NOTE looked at on the telephone", answers=review)
        assert _last(world)["outcome"] == "handled"
        assert _last(world)["ref"] == world.case().ref
        world.writes(LUZ, "", "NOTE not me", answers=review, dmarc="")
        assert _last(world)["outcome"] == "held"


def _last(world: World) -> dict:
    """The last mail that is not a copy of a letter of ours."""
    with world.office.store.begin() as connection:
        rows = messages.listing(connection, world.office.keys)
    return [row for row in rows if row["outcome"] != "own_copy"][-1]


def _wrapped(folder: Path) -> bytes:
    """The key of the only case, as the database has it."""

    with sqlite3.connect(folder / "mail.db") as database:
        return bytes(database.execute("select wrapped_key from cases").fetchone()[0])
