"""Bounces in the shapes of the servers that write them, about any letter of ours."""

from __future__ import annotations

import base64
import email
import itertools
import textwrap
from collections.abc import Callable
from email import policy

US = "records@office.example"
COUNT = itertools.count(1)
Maker = Callable[[bytes, str], bytes]
"""(letter, address that failed) -> bounce."""


def _said(text: str) -> str:
    return textwrap.dedent(text).strip("\n")


def _head(letter: bytes) -> str:
    """The headers of a letter, as servers give them back."""
    return letter.replace(b"\r\n", b"\n").partition(b"\n\n")[0].decode()


def _whole(letter: bytes) -> str:
    return letter.decode("utf-8", "replace").replace("\r\n", "\n")


def message_id(letter: bytes) -> str:
    return str(email.message_from_bytes(letter, policy=policy.default)["Message-ID"])


def report(
    subject: str,
    text: str,
    blocks: str,
    *,
    sender: str = "MAILER-DAEMON@mx.faro.example (Mail Delivery System)",
    copy: str = "message/rfc822",
    status: str = "message/delivery-status",
    more: str = "",
) -> Maker:
    """A multipart/report by RFC 3464; `{to}` stands for the address, `copy` "" for no copy."""

    def made(letter: bytes, to: str) -> bytes:
        original = _whole(letter) if copy == "message/rfc822" else _head(letter) + "\n"
        transfer = ""
        if copy.endswith("; base64"):
            transfer = "Content-Transfer-Encoding: base64\n"
            original = base64.encodebytes(original.encode()).decode()
        parts = [
            f"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{text}\n",
            f"Content-Type: {status}\n\nReporting-MTA: dns; mx.faro.example\n\n{blocks}\n",
        ]
        if copy:
            parts.append(f"Content-Type: {copy.partition(';')[0]}\n{transfer}\n{original}\n")
        body = "".join(f"--=_b\n{part}" for part in parts) + "--=_b--\n"
        raw = (
            f"Return-Path: <>\nFrom: {sender}\nTo: {US}\nSubject: {subject}\n{more}"
            f"Message-ID: <bounce.{next(COUNT)}@mx.faro.example>\nMIME-Version: 1.0\n"
            f'Content-Type: multipart/report; report-type=delivery-status; boundary="=_b"\n\n{body}'
        )
        return raw.replace("{to}", to).replace("{id}", message_id(letter)).encode()

    return made


def prose(
    subject: str, text: str, *, sender: str = "MAILER-DAEMON@mx.faro.example", more: str = ""
) -> Maker:
    """A bounce from before RFC 3464; `{copy}` stands for the letter, `{head}` for its headers."""

    def made(letter: bytes, to: str) -> bytes:
        raw = (
            f"Return-Path: <>\nFrom: {sender}\nTo: {US}\nSubject: {subject}\n{more}"
            f"Message-ID: <bounce.{next(COUNT)}@mx.faro.example>\nMIME-Version: 1.0\n"
            f"Content-Type: text/plain; charset=utf-8\n\n{_said(text)}\n"
        )
        raw = raw.replace("{to}", to).replace("{id}", message_id(letter))
        return raw.replace("{head}", _head(letter)).replace("{copy}", _whole(letter)).encode()

    return made


def block(action: str, status: str, to: str = "{to}", more: str = "") -> str:
    return f"Final-Recipient: rfc822; {to}\n{more}Action: {action}\nStatus: {status}\n"


UNKNOWN_USER = "Diagnostic-Code: smtp; 550 5.1.1 <{to}>: user unknown\n"
FAILED: dict[str, tuple[Maker, str]] = {
    "Postfix, user unknown": (report(
        "Undelivered Mail Returned to Sender",
        "This is the mail system at host mx.faro.example.\n\n<{to}>: host said: 550 5.1.1 User unknown",
        block("failed", "5.1.1", more="Original-Recipient: rfc822;{to}\n") + UNKNOWN_USER), "5.1.1"),
    "Postfix, gave up after days": (report(
        "Undelivered Mail Returned to Sender", "<{to}>: connect to mx.faro.example: Connection timed out",
        block("failed", "4.4.1"), copy="text/rfc822-headers"), "4.4.1"),
    "mailbox full": (report(
        "Undelivered Mail Returned to Sender", "<{to}>: 552 5.2.2 Mailbox full",
        block("failed", "5.2.2")), "5.2.2"),
    "mailbox full, Spanish": (report(
        "Correo devuelto: buzón lleno", "No se pudo entregar el mensaje a {to}: buzón lleno.",
        block("failed", "5.2.2"), sender="postmaster@faro.example"), "5.2.2"),
    "headers alone, in base64": (report(
        "Delivery failure", "Not delivered.", block("failed", "5.7.1"), copy="text/rfc822-headers; base64"), "5.7.1"),
    "no copy, it answers the letter": (report(
        "Delivery failure", "Not delivered.", block("failed", "5.0.0"), copy="", more="In-Reply-To: {id}\n"), "5.0.0"),
    "Exchange Online": (report(
        "Undeliverable: Your medical records request",
        "Delivery has failed to these recipients or groups:\n\n{to}<mailto:{to}>\n"
        "The email address you entered couldn't be found.",
        block("failed", "5.1.10", more="Original-Recipient: rfc822;{to}\n")
        + "Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found\n",
        sender="postmaster@faro.onmicrosoft.example", copy="text/rfc822-headers", more="X-MS-Exchange-Message-Is-Ndr: \n"), "5.1.10"),
    "Exchange, Spanish": (report(
        "No se puede entregar: Su solicitud de expediente",
        "No se pudo entregar el mensaje a estos destinatarios o grupos:\n\n{to}\nNo se encuentra la dirección.",
        block("failed", "5.1.1"), sender="postmaster@faro.example", copy="text/rfc822-headers"), "5.1.1"),
    "Exchange, French": (report(
        "Non remis : Your medical records request", "Votre message n'a pas pu être remis à {to}.",
        block("failed", "5.4.1"), sender="postmaster@clinique.example"), "5.4.1"),
    "Gmail": (report(
        "Delivery Status Notification (Failure)",
        "** Address not found **\n\nYour message wasn't delivered to {to} because the address couldn't be found.",
        block("failed", "5.1.1") + UNKNOWN_USER, sender="Mail Delivery Subsystem <mailer-daemon@googlemail.com>",
        more="X-Failed-Recipients: {to}\nReferences: {id}\nIn-Reply-To: {id}\n"), "5.1.1"),
    "Gmail, Spanish": (report(
        "Delivery Status Notification (Failure)",
        "** No se ha encontrado la dirección **\n\nTu mensaje no se ha entregado a {to}.",
        block("failed", "5.1.1"), sender="Mail Delivery Subsystem <mailer-daemon@googlemail.com>"), "5.1.1"),
    "Yahoo, by RFC": (report(
        "Failure Notice", "Sorry, we were unable to deliver your message to the following address.\n\n<{to}>:",
        block("failed", "5.0.0"), sender="MAILER-DAEMON@yahoo.com"), "5.0.0"),
    "OpenSMTPD says error": (report(
        "Delivery status notification: error", "Hi!\n\nThis is the MAILER-DAEMON.",
        block("error", "5.0.0", more="Original-Recipient: rfc822;{to}\n")), "5.0.0"),
    "RFC 6533, international": (report(
        "Undelivered Mail Returned to Sender", "<{to}>: unknown",
        block("failed", "5.1.1"), status="message/global-delivery-status"), "5.1.1"),
    "passed on, and failed there": (report(
        "Undelivered Mail Returned to Sender", "<new@elsewhere.example>: unknown",
        block("failed", "5.1.1", "new@elsewhere.example", "Original-Recipient: rfc822;{to}\n")), "5.1.1"),
    "several recipients, ours second": (report(
        "Undelivered Mail Returned to Sender", "two failed",
        block("delivered", "2.0.0", "other@faro.example") + "\n" + block("failed", "5.2.1")), "5.2.1"),
    "sendmail": (report(
        "Returned mail: see transcript for details",
        "   ----- The following addresses had permanent fatal errors -----\n<{to}>",
        block("failed", "5.1.1"), copy="text/rfc822-headers"), "5.1.1"),
    "qmail": (prose("failure notice", """
        Hi. This is the qmail-send program at mx.faro.example.
        I'm afraid I wasn't able to deliver your message to the following addresses.
        This is a permanent error; I've given up. Sorry it didn't work out.

        <{to}>:
        Sorry, no mailbox here by that name. (#5.1.1)

        --- Below this line is a copy of the message.

        Return-Path: <records@office.example>
        {copy}"""), "5.1.1"),
    "Exim of old": (prose("Mail delivery failed: returning message to sender", """
        This message was created automatically by mail delivery software.

        A message that you sent could not be delivered to one or more of its
        recipients. This is a permanent error. The following address(es) failed:

          {to}
            SMTP error from remote mail server after RCPT TO:<{to}>:
            550 5.1.1 user unknown

        ------ This is a copy of the message, including all the headers. ------

        {copy}""", sender="Mail Delivery System <Mailer-Daemon@mx.faro.example>", more="X-Failed-Recipients: {to}\n"), "5.1.1"),
    "Yahoo of old": (prose("Failure Notice", """
        Sorry, we were unable to deliver your message to the following address.

        <{to}>:
        554: delivery error: dd This user doesn't have a yahoo.com account ({to}) [0] - mta.mail.yahoo.com

        --- Below this line is a copy of the message.

        {copy}""", sender="MAILER-DAEMON@yahoo.com"), "554"),
    "Gmail of old": (prose("Delivery Status Notification (Failure)", """
        Delivery to the following recipient failed permanently:

             {to}

        Technical details of permanent failure:
        The email account that you tried to reach does not exist. 550-5.1.1

        ----- Original message -----

        {head}""", sender="Mail Delivery Subsystem <mailer-daemon@gmail.com>", more="X-Failed-Recipients: {to}\n"), "5.1.1"),
    "a small server, Spanish": (prose("Mensaje no entregado", """
        El servidor de correo no pudo entregar su mensaje.

        Destinatario: {to}
        Motivo: 550 5.1.1 El usuario no existe

        -------- Mensaje original --------
        {head}""", sender="postmaster@faro.example"), "5.1.1"),
    "a small server, no code": (prose("Devuelto: su mensaje", """
        No fue posible entregar el mensaje a {to}. La cuenta fue cancelada.

        Message-ID: {id}""", sender="postmaster@faro.example"), ""),
}  # fmt: skip
DELAYED: dict[str, Maker] = {
    "Postfix": report(
        "Delayed Mail (still being retried)", "YOUR MESSAGE IS STILL BEING RETRIED.\n<{to}>: timed out",
        block("delayed", "4.4.1", more="Original-Recipient: rfc822;{to}\n") + "Will-Retry-Until: Fri, 4 Dec 2026 10:00:00 +0000\n", copy="text/rfc822-headers"),
    "Gmail": report(
        "Delivery Status Notification (Delay)", "** Delivery incomplete **\n\nGmail will retry for 46 more hours.",
        block("delayed", "4.4.1"), sender="mailer-daemon@googlemail.com"),
    "Exchange, Spanish": report(
        "Entrega retrasada: Su solicitud de expediente", "La entrega a {to} está retrasada. Se seguirá intentando.",
        block("delayed", "4.4.7"), sender="postmaster@faro.example", copy="text/rfc822-headers"),
    "sendmail, prose": prose("Warning: could not send message for past 4 hours", """
        **********************************************
        **      THIS IS A WARNING MESSAGE ONLY      **
        **  YOU DO NOT NEED TO RESEND YOUR MESSAGE  **
        **********************************************

           ----- The following addresses had transient non-fatal errors -----
        <{to}>

        {head}"""),
    "Exim, prose": prose("Warning: message 1tx7Qm-0000 delayed 24 hours", """
        This message was created automatically by mail delivery software.
        A message that you sent has not yet been delivered to one or more of its
        recipients after more than 24 hours on the queue on mx.faro.example.

        The address to which the message has not yet been delivered is:

          {to}

        No action is required on your part. Delivery attempts will continue for
        some time.

        {head}"""),
    "a small server, Spanish": prose("Aviso: retraso en la entrega", """
        Su mensaje para {to} no ha sido entregado todavía. Se seguirá intentando; no es necesario reenviarlo.

        -------- Mensaje original --------
        {head}"""),
}  # fmt: skip
DELIVERED: dict[str, Maker] = {
    "delivered": report(
        "Successful Mail Delivery Report", "<{to}>: delivered", block("delivered", "2.0.0"), copy="text/rfc822-headers"),
    "relayed": report(
        "Delivery Status Notification (Relay)", "relayed to {to}", block("relayed", "2.1.5")),
    "expanded": report("Delivery Status Notification (Success)", "a list", block("expanded", "2.1.5")),
}  # fmt: skip
