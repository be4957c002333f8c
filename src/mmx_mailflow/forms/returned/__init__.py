"""What came back: pages, codes, filled-in values, checks.

The libraries that open files stand behind `look`, which the limited process alone imports.
"""

from mmx_mailflow.forms.returned.came import ReturnedFile, Seen
from mmx_mailflow.forms.returned.judge import judge, merge, returned_json
from mmx_mailflow.forms.returned.kinds import may_hold_pages

__all__ = ["ReturnedFile", "Seen", "judge", "may_hold_pages", "merge", "returned_json"]
