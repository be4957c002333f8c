"""Services that work side by side on one PostgreSQL do not overshoot a limit together."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from tests.servers.postgres import cluster
from tests.stories.mails import REQUEST_EN, written
from tests.stories.world import START, office_in

from mmx_mailflow.arrivals import handle_message
from mmx_mailflow.office import Office
from mmx_mailflow.store import messages, outbox
from mmx_mailflow.transport.clock import Clock

pytestmark = [pytest.mark.servers, pytest.mark.enable_socket]
SERVICES, MAILS, MOST = 4, 12, 3
NAMES = [
    "Alba",
    "Berta",
    "Carla",
    "Delia",
    "Elena",
    "Flora",
    "Gala",
    "Hilda",
    "Irma",
    "Julia",
    "Karla",
    "Lidia",
]


@pytest.fixture
def offices(tmp_path: Path) -> Iterator[list[Office]]:
    with cluster() as url:
        made = [office_in(tmp_path, Clock(START), url=url) for _ in range(SERVICES)]
        policy = made[0].policy.model_copy(update={"answers_per_sender_and_day": MOST})
        yield [replace(o, policy=policy, unknown_answers_per_hour=MOST) for o in made]
        for office in made:
            office.close()


def arrive(office: Office, senders: list[str], dmarc: str) -> list[int]:
    """Each mail asks for another patient, so that each would be answered."""
    mails = [
        messages.Fetched(
            uid=n,
            received_at=START,
            size=1,
            raw=written(
                sender, "Records", REQUEST_EN.replace("Ana Prueba", f"{name} Prueba"), START,
                dmarc=dmarc,
            ),
            outcome=None,
            why="",
        )
        for n, (sender, name) in enumerate(zip(senders, NAMES, strict=True), 1)
    ]  # fmt: skip
    with office.store.begin() as connection:
        messages.keep(connection, office.keys, "records", "INBOX", 1, mails, START)
        return messages.waiting(connection, START, MAILS)


def all_at_once(offices: list[Office], numbers: list[int]) -> list[str]:
    """Every service handles its share, all of them start together; the letters to patients."""
    start = threading.Barrier(SERVICES)

    def serve(share: int) -> None:
        start.wait(30)
        for number in numbers[share::SERVICES]:
            handle_message(offices[share], number)

    with ThreadPoolExecutor(SERVICES) as pool:
        list(pool.map(serve, range(SERVICES)))
    with offices[0].store.begin() as connection:
        rows = outbox.listing(connection)
    return [str(row["letter"]) for row in rows if row["to_role"] == "patient"]


def test_a_sender_gets_no_more_letters_a_day_from_four_services_than_from_one(
    offices: list[Office],
) -> None:
    numbers = arrive(offices[0], ["ana.prueba@gmail.com"] * MAILS, "pass")

    assert len(all_at_once(offices, numbers)) == MOST


def test_unknown_senders_get_no_more_first_answers_an_hour_from_four_services(
    offices: list[Office],
) -> None:
    numbers = arrive(offices[0], [f"person{n}@forged.example" for n in range(MAILS)], "")

    assert len(all_at_once(offices, numbers)) == MOST
    with offices[0].store.begin() as connection:
        rows = messages.listing(connection, offices[0].keys)
    assert [row["outcome"] for row in rows].count("held") == MAILS - MOST
