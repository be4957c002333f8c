"""A command mail in the middle of being done: the case so far and what the lines asked for."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from mmx_mailflow.casework.case import (
    Case,
    TaskName,
    Undo,
)
from mmx_mailflow.casework.events import (
    StaffReplied,
)
from mmx_mailflow.casework.letters import Letter
from mmx_mailflow.casework.policy import Policy
from mmx_mailflow.casework.steps.common import (
    Words,
)

GENERAL_TASKS = (
    TaskName.TRIAGE,
    TaskName.READ_MAIL,
    TaskName.EMERGENCY,
    TaskName.PHONE_PATIENT,
    TaskName.UNPLANNED,
    TaskName.MANUAL_SEND,
    TaskName.BOUNCED,
    TaskName.UNCERTAIN_SEND,
    TaskName.TWO_PATIENTS,
    TaskName.RENEW_FORM,
    TaskName.CHANGE_ADDRESS,
)
ABOUT_PROVIDERS = (
    TaskName.PROVIDER_REPLY,
    TaskName.PROVIDER_SILENT,
    TaskName.PROVIDER_DRAFT,
    TaskName.PROVIDER_CHANNEL,
    TaskName.RESOLVE_PROVIDER,
    TaskName.BOUNCED,
    TaskName.UNCERTAIN_SEND,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """The case in the middle of a command mail, with what the lines so far asked for."""

    case: Case
    event: StaffReplied
    policy: Policy
    now: datetime
    confirmed: bool = False
    """A CONFIRM with the right code stands in this mail."""
    letters: tuple[Letter, ...] = ()
    delayed: tuple[str, ...] = ()
    """Occasions of letters that UNDO can still take back."""
    cancel: frozenset[str] = frozenset()
    resume: frozenset[str] = frozenset()
    show: tuple[tuple[str, str], ...] = ()
    preview: str = ""
    lines: tuple[Words, ...] = field(default=())

    def until(self) -> datetime:
        """When letters with staff's words leave."""
        return self.now + self.policy.text_delay


class RefusedError(Exception):
    """A command that cannot be done; the message says why, in words for staff."""


def refuse_unless(holds: bool, why: str) -> None:
    """Refuse the line with a reason unless the condition holds."""
    if not holds:
        raise RefusedError(why)


def ask_confirmation(work: Work, why: str) -> None:
    """CONFIRM is asked only over a failed check or an unconfirmed address."""
    if not work.confirmed:
        raise RefusedError(f"confirm:{why}")


def delayed(work: Work, case: Case, *letters: Letter) -> Work:
    """Queue letters that wait for UNDO; the case before them is remembered once."""
    occasions = tuple(x.occasion for x in letters if x.not_before is not None)
    before = work.case
    undo = (
        before.undo
        if work.delayed and before.undo is not None
        else Undo(
            until=work.until(),
            occasions=(),
            state=before.state,
            providers=before.providers,
            tasks=before.tasks,
            authorization=before.authorization,
            files=before.files,
            form_rounds=before.form_rounds,
        )
    )
    undo = undo.model_copy(update={"occasions": (*undo.occasions, *occasions)})
    if undo.returns is None and case.returns != before.returns:
        undo = undo.model_copy(update={"returns": before.returns})
    return replace(
        work,
        case=replace(case, undo=undo),
        letters=(*work.letters, *letters),
        delayed=(*work.delayed, *occasions),
    )
