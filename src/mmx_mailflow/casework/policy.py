"""The numbers, words and addresses that the office may change."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from mmx_mailflow.casework.values import Address, Language, Value

Calendar = Literal["conservative", "us", "mx", "union", "weekends"]


class Policy(Value):
    """What decisions may look at besides the case, the event and the time.

    Days are business days where the name says so, else calendar days.
    """

    organisation: str = "MedicalMex"
    records_address: Address = "records@medicalmex.example"
    agent_name: str = ""
    timezone: str = "America/Tijuana"
    default_language: Language = Language.EN
    staff_language: Language = Language.EN
    staff_members: tuple[Address, ...] = ()
    notify: tuple[Address, ...] = ()
    text_delay: timedelta = timedelta(minutes=5)
    authorization_business_days: int = 10
    issue_with_blanks_after: int = 3
    promise_alarm_days: tuple[int, ...] = (5, 8, 9)
    holidays: Calendar = "conservative"
    form_reminder_days: tuple[int, ...] = (3, 8, 14, 21)
    form_close_day: int = 45
    accept_forms: Literal["staff", "automatic"] = "staff"
    provider_receipt_check: int = 2
    provider_follow_up_days: tuple[int, ...] = (7, 14, 21, 30, 45, 60, 90)
    answers_per_sender_and_day: int = 8
    large_print: bool = False
    review_pictures: bool = True
    """Whether staff see the places to sign as pictures in the review."""

    def zone(self) -> ZoneInfo:
        """The time zone of the office, in which days begin and end."""
        return ZoneInfo(self.timezone)
