"""One mail through the line: read, matched, turned into an event or an outcome."""

from mmx_mailflow.arrivals.arrived import inspected
from mmx_mailflow.arrivals.line import handle_message
from mmx_mailflow.arrivals.sent import note_sent_by_hand

__all__ = ["handle_message", "inspected", "note_sent_by_hand"]
