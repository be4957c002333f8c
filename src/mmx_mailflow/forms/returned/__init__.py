"""What came back: pages, codes, filled-in values, checks."""

from mmx_mailflow.forms.returned.files import ReturnedFile, may_hold_pages
from mmx_mailflow.forms.returned.judge import inspect, judge, merge, returned_json
from mmx_mailflow.forms.returned.look import Seen, look

__all__ = [
    "ReturnedFile",
    "Seen",
    "inspect",
    "judge",
    "look",
    "may_hold_pages",
    "merge",
    "returned_json",
]
