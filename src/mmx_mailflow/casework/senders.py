"""Who may do what in a case, by the address that wrote and what proves it."""

from __future__ import annotations

from mmx_mailflow.casework.case import Case, Provider
from mmx_mailflow.casework.events import Mail
from mmx_mailflow.casework.values import Trust
from mmx_mailflow.casework.webmail import WEBMAIL


def less_proven(case: Case, mail: Mail) -> bool:
    """Whether a mail of an address that once passed comes without proof.

    A domain that passed DMARC passes it again; a mail without, and without a token, is more
    likely forged than not. Where no server ever vouched, nothing is missing.
    """
    return case.trust == Trust.VERIFIED and mail.trust == Trust.UNKNOWN and not mail.code_proven


def from_first_sender(case: Case, mail: Mail) -> bool:
    """Whether the person who opened the case writes, as far as an address can tell."""
    return mail.sender == case.sender and mail.trust != Trust.FAILED and not less_proven(case, mail)


def from_confirmed(case: Case, mail: Mail) -> bool:
    """Whether the confirmed address writes, and nothing speaks against it."""
    return case.confirmed and from_first_sender(case, mail) and mail.trust == Trust.VERIFIED


def proof_failed(case: Case) -> bool:
    """Whether the case's address failed its proof, and nobody of staff let it go on."""
    return case.trust == Trust.FAILED and not case.released


def may_be_told(case: Case) -> bool:
    """Whether the case's address may be written to though it did not write itself."""
    return not proof_failed(case) and not case.unreachable


def from_provider(provider: Provider, mail: Mail) -> bool:
    """Whether the provider's own office writes: its address, or a colleague's at its domain.

    A token shows which request is answered, not who answers: letters are passed on. An address
    that nobody vouches for counts with it, or when staff say by its number that the mail is good.
    """
    if mail.placed:
        return True
    if mail.trust != Trust.VERIFIED or not provider.address:
        return False
    domain = provider.address.rpartition("@")[2]
    same = mail.sender.rpartition("@")[2] == domain and domain not in WEBMAIL
    return mail.sender == provider.address or same
