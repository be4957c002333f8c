"""Business days of an office between two countries, and the times of day that we keep.

Day 0 is the local date of receipt; day 1 is the next business day.
`conservative` counts a day as free only when both countries are free, so that the promise
made is never later than what either reader counts.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

from mmx_mailflow.casework.policy import Calendar, Policy

OPENING = time(9)
CLOSING = time(17)
DAY_END = time(23, 59, 59)
_SATURDAY = 5


@lru_cache(maxsize=256)
def _free_days(country: str, year: int) -> frozenset[date]:
    """The public holidays of a country, observed days included (5 USC 6103; LFT art. 74)."""
    return frozenset(holidays.country_holidays(country, years=year))


def is_business_day(day: date, calendar: Calendar) -> bool:
    """Whether the office counts `day`; weekends never count."""
    if day.weekday() >= _SATURDAY:
        return False
    us, mx = day in _free_days("US", day.year), day in _free_days("MX", day.year)
    free = {"us": us, "mx": mx, "union": us or mx, "conservative": us and mx, "weekends": False}
    return not free[calendar]


def add_business_days(day: date, count: int, calendar: Calendar) -> date:
    """The business day number `count` after `day`; 0 is `day` itself or the next one."""
    if count == 0:
        while not is_business_day(day, calendar):
            day += timedelta(days=1)
    for _ in range(count):
        day += timedelta(days=1)
        while not is_business_day(day, calendar):
            day += timedelta(days=1)
    return day


def local_date(moment: datetime, policy: Policy) -> date:
    """The date of `moment` at the office."""
    return moment.astimezone(policy.zone()).date()


def at(day: date, hour: time, zone: ZoneInfo) -> datetime:
    """The aware moment of a local time on a day."""
    return datetime.combine(day, hour, tzinfo=zone)


def form_due_at(received_at: datetime, policy: Policy) -> datetime:
    """The end of the last business day on which the form may be issued."""
    day = local_date(received_at, policy)
    last = add_business_days(day, policy.authorization_business_days, policy.holidays)
    return at(last, DAY_END, policy.zone())


def business_morning(moment: datetime, count: int, policy: Policy) -> datetime:
    """09:00 at the office, `count` business days after `moment`."""
    day = add_business_days(local_date(moment, policy), count, policy.holidays)
    return at(day, OPENING, policy.zone())


def morning(moment: datetime, days: int, policy: Policy, *, business: bool = False) -> datetime:
    """09:00 at the office, `days` calendar days after `moment`.

    With `business` it moves on to the next business day.
    """
    day = local_date(moment, policy) + timedelta(days=days)
    if business:
        day = add_business_days(day, 0, policy.holidays)
    return at(day, OPENING, policy.zone())


def office_hours(moment: datetime, country: str, timezone: str, policy: Policy) -> datetime:
    """`moment`, or the next time that a provider's office is open (09:00 to 17:00 local)."""
    zone = ZoneInfo(timezone) if timezone else policy.zone()
    calendar: Calendar = "us" if country == "US" else "mx"
    local = moment.astimezone(zone)
    day = local.date()
    if is_business_day(day, calendar) and local.time() < CLOSING:
        return max(moment, at(day, OPENING, zone))
    return at(add_business_days(day, 1, calendar), OPENING, zone)
