from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from mmx_mailflow.casework.calendar import add_business_days, form_due_at, office_hours
from mmx_mailflow.casework.policy import Policy

TIJUANA = ZoneInfo("America/Tijuana")
CALENDARS = ("us", "mx", "union", "conservative", "weekends")
# received (local), then the tenth business day in each calendar
VECTORS = """
2026-11-20T12:00 2026-12-07 2026-12-04 2026-12-07 2026-12-04 2026-12-04
2026-11-20T23:30 2026-12-07 2026-12-04 2026-12-07 2026-12-04 2026-12-04
2026-11-22T22:01 2026-12-07 2026-12-04 2026-12-07 2026-12-04 2026-12-04
2026-11-25T12:00 2026-12-10 2026-12-09 2026-12-10 2026-12-09 2026-12-09
2026-12-18T12:00 2027-01-05 2027-01-05 2027-01-05 2027-01-05 2027-01-01
2026-12-24T12:00 2027-01-11 2027-01-11 2027-01-11 2027-01-11 2027-01-07
2027-01-29T12:00 2027-02-12 2027-02-15 2027-02-16 2027-02-12 2027-02-12
2026-09-04T12:00 2026-09-21 2026-09-21 2026-09-22 2026-09-18 2026-09-18
2026-06-26T12:00 2026-07-13 2026-07-10 2026-07-13 2026-07-10 2026-07-10
2027-03-12T12:00 2027-03-26 2027-03-29 2027-03-29 2027-03-26 2027-03-26
2026-04-30T12:00 2026-05-14 2026-05-15 2026-05-15 2026-05-14 2026-05-14
"""
ROWS = [
    (row.split()[0], calendar, due)
    for row in VECTORS.strip().splitlines()
    for calendar, due in zip(CALENDARS, row.split()[1:], strict=True)
]


@pytest.mark.parametrize(("received", "calendar", "due"), ROWS)
def test_the_form_is_due_at_the_end_of_the_tenth_business_day(
    received: str, calendar: str, due: str
) -> None:
    moment = datetime.fromisoformat(received).replace(tzinfo=TIJUANA)

    found = form_due_at(moment, Policy.model_validate({"holidays": calendar}))

    assert found.isoformat()[:19] == f"{due}T23:59:59"


def test_the_time_zone_decides_on_which_day_a_mail_came() -> None:
    moment = datetime(2026, 11, 23, 6, 1, tzinfo=UTC)  # Sunday in Tijuana, Monday in Mexico City
    there = Policy(timezone="America/Mexico_City", holidays="mx")
    here = Policy(timezone="America/Tijuana", holidays="mx")

    assert form_due_at(here_or := moment, here).date() == date(2026, 12, 4)
    assert form_due_at(here_or, there).date() == date(2026, 12, 7)


def test_inauguration_day_is_free_in_mexico_every_six_years() -> None:
    assert add_business_days(date(2030, 9, 30), 1, "mx") == date(2030, 10, 2)
    assert add_business_days(date(2029, 9, 28), 1, "mx") == date(2029, 10, 1)


@pytest.mark.parametrize(
    ("asked", "opens"),
    [
        ("2026-11-20T10:00-06:00", "2026-11-20T10:00-06:00"),
        ("2026-11-20T08:00-06:00", "2026-11-20T09:00-06:00"),
        ("2026-11-20T17:30-06:00", "2026-11-23T09:00-06:00"),
        ("2026-11-15T12:00-06:00", "2026-11-17T09:00-06:00"),  # third Monday of November is free
    ],
)
def test_a_follow_up_waits_until_the_office_of_the_provider_opens(asked: str, opens: str) -> None:
    found = office_hours(datetime.fromisoformat(asked), "MX", "America/Mexico_City", Policy())

    assert found == datetime.fromisoformat(opens)
