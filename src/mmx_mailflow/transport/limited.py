"""The inside of the process in which files are opened: limits first, then one job after another.

It has no key, no database and no network of its own, and tells what it saw as JSON. Whatever it
says is taken as the word of somebody who may have been taken over by a file (`worker.py`).
"""

from __future__ import annotations

import json
import logging
import os
import resource
import signal
import struct
import sys
from collections.abc import Callable
from typing import BinaryIO

HELLO = b"MMXw"
LENGTH = struct.Struct(">I")
_OPEN_FILES = 64
_OWN_SECONDS = 15
"""How long after its time the process ends itself, should nobody be left to end it."""


def serve() -> None:
    """Work until the other end of stdin is closed; the second argument holds the limits."""
    limits = json.loads(sys.argv[2])
    _limit(limits)
    come, go = _pipes()
    read_text = _reader_of_print(limits["tesseract"])
    from mmx_mailflow.forms.returned import ReturnedFile  # noqa: PLC0415  limits come first
    from mmx_mailflow.forms.returned.look import look  # noqa: PLC0415
    from mmx_mailflow.intake.opened import letter, msg  # noqa: PLC0415
    from mmx_mailflow.intake.wrapped import OLE  # noqa: PLC0415

    go.write(HELLO)
    go.flush()
    while (header := _frame(come)) is not None:
        job = json.loads(header)
        files = [ReturnedFile(name="", content=_exactly(come, n)) for n in job["files"]]
        blank = _exactly(come, job["blank"])
        _limit_time(limits["cpu_seconds"], job["seconds"] + _OWN_SECONDS)
        if job["words"] == OLE:
            mail = msg(files[0].content)
            said = json.dumps([mail.subject, mail.sender, mail.text])
        elif job["words"]:
            said = json.dumps("".join(letter(job["words"], file.content) for file in files))
        else:
            seen = look(files, blank=blank, deep=job["deep"], read_text=read_text)
            said = seen.model_dump_json()
        answer = said.encode()
        signal.alarm(0)
        go.write(LENGTH.pack(len(answer)) + answer)
        go.flush()


def _pipes() -> tuple[BinaryIO, BinaryIO]:
    """Both ends, kept away from whatever prints: what libraries say goes nowhere."""
    come = os.fdopen(os.dup(0), "rb")
    go = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nowhere, number)
    # Names of signers stand in what some libraries log.
    logging.disable(logging.CRITICAL)
    return come, go


def _limit(limits: dict[str, int]) -> None:
    """Memory, files and core dumps; a signal to the whole service ends no job that is in hand."""
    for which, most in (
        (resource.RLIMIT_DATA, limits["memory"]),
        (resource.RLIMIT_AS, limits["address_space"]),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
    ):
        hard = resource.getrlimit(which)[1]
        allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(which, (allowed, allowed))
    for name in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(name, signal.SIG_IGN)


def _limit_time(cpu_seconds: int, seconds: int) -> None:
    """The processor's time of this job counts on from what was used before."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime) + 1 + cpu_seconds
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))
    signal.alarm(seconds)


def _reader_of_print(tesseract: str) -> Callable[[bytes], str] | None:
    if not tesseract:
        return None
    from mmx_mailflow.transport.ocr import reader_of_print  # noqa: PLC0415  limits come first

    return reader_of_print(tesseract, os.environ)


def _frame(come: BinaryIO) -> bytes | None:
    """What was sent next, or None at the end."""
    head = come.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    return _exactly(come, LENGTH.unpack(head)[0])


def _exactly(come: BinaryIO, count: int) -> bytes:
    found = come.read(count)
    if len(found) != count:
        sys.exit(0)
    return found
