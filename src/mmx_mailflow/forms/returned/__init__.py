"""What came back: pages, codes, filled-in values, checks."""

from mmx_mailflow.forms.returned.files import ReturnedFile
from mmx_mailflow.forms.returned.judge import inspect, merge, returned_json

__all__ = ["ReturnedFile", "inspect", "merge", "returned_json"]
