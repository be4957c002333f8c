"""The limited process in which files are opened: returned forms, letters and mails in files.

Pictures, PDFs and archives come from strangers and go through parsers written in C. They are
opened by a child without keys, limited in memory, time and files; what comes back from it is JSON,
bounded and validated, and nothing else. One child does many jobs, and is replaced when it dies.
"""

from __future__ import annotations

import base64
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Annotated, Generic, Self, TypeVar

from pydantic import Field, TypeAdapter, ValidationError

from mmx_mailflow.casework.returned import Defect, Place
from mmx_mailflow.forms.returned import ReturnedFile, Seen
from mmx_mailflow.forms.returned.came import MOST_PAGES
from mmx_mailflow.intake.wrapped import LONGEST, LONGEST_LINE, OLE, Unwrapped
from mmx_mailflow.transport.errors import NotNowError
from mmx_mailflow.transport.limited import HELLO, LENGTH
from mmx_mailflow.transport.ocr import tesseract

_BOOT = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from mmx_mailflow.transport.limited import serve; serve()"
)
_KEPT = ("LD_LIBRARY_PATH", "TESSDATA_PREFIX")
"""All that the child gets of the environment: where libraries and languages stand."""
_ONE_THREAD = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "OMP_THREAD_LIMIT": "1",
    "MALLOC_ARENA_MAX": "2",
    "LANG": "C.UTF-8",
}
_UNREADABLE = Seen(defects=(Defect.UNREADABLE_FILE,))
_CHUNK = 1 << 16
_MOST_SEEN = 10 * MOST_PAGES
"""One picture may show several pages."""
_LARGEST_PICTURE = 400_000
_Text = Annotated[str, Field(strict=True, max_length=LONGEST)]
_Line = Annotated[str, Field(strict=True, max_length=LONGEST_LINE)]
_TEXT = TypeAdapter(_Text)
_TEXTS = TypeAdapter(tuple[_Line, _Line, _Text])
_PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the child may use."""

    seconds: float = 120
    """For one job, by the clock: on a busy machine much more than the work takes."""
    all_seconds: float = 300
    """For all files of one mail together."""
    cpu_seconds: int = 60
    memory: int = 1_000_000_000
    address_space: int = 3_000_000_000
    jobs: int = 100
    """So many jobs, then a new child: what leaks does not add up."""
    answer_bytes: int = 16_000_000
    start_seconds: float = 60


class StoppedError(NotNowError):
    """The process was closed while a job was in hand: nothing is known of the files."""


Answer_co = TypeVar("Answer_co", covariant=True)


@dataclass(frozen=True, slots=True)
class _Job(Generic[Answer_co]):
    """What is asked of the child, and how its answer is taken: None when it is not sound."""

    contents: Sequence[bytes]
    valid: Callable[[bytes | None], Answer_co | None]
    blank: bytes = b""
    deep: bool = True
    words: str = ""
    """The media type of a letter or mail whose words are wanted; empty: what a form shows."""

    def told(self) -> dict[str, object]:
        sizes = [len(content) for content in self.contents]
        return {"files": sizes, "blank": len(self.blank), "deep": self.deep, "words": self.words}


class Worker:
    """Opens files in a child; may be called from several threads, one job runs at a time."""

    def __init__(self, limits: Limits | None = None, *, read_text: bool = True) -> None:
        self.limits = limits or Limits()
        self._tesseract = tesseract() if read_text else ""
        self._lock = threading.Lock()
        self._child: _Child | None = None
        self._done = 0
        self._closed = False
        self._finalizer: weakref.finalize[[], Worker] | None = None

    def look(self, files: Sequence[ReturnedFile], *, blank: bytes = b"", deep: bool = True) -> Seen:
        """What `forms.returned.look` sees in the files.

        A file that cannot be opened within the limits is a defect, and the others are looked at
        all the same. Raises `NotNowError` when no child can be started, and when it was closed.
        """
        contents = [file.content for file in files]
        with self._lock:
            end = time.monotonic() + self.limits.all_seconds
            seen = self._tried(_Job(contents, _valid, blank, deep=deep), end)
            if seen is not None or len(files) < 2:  # noqa: PLR2004  one file alone is the culprit
                return seen or _UNREADABLE
            jobs = [_Job([content], _valid, blank, deep=deep) for content in contents]
            each = [self._tried(job, end) or _UNREADABLE for job in jobs]
        return Seen(
            pages=tuple(page for one in each for page in one.pages)[:_MOST_SEEN],
            codes=tuple(code for one in each for code in one.codes)[:_MOST_SEEN],
            defects=tuple(dict.fromkeys(defect for one in each for defect in one.defects)),
        )

    def words(self, media_type: str, content: bytes) -> str:
        """The words of a PDF or Word letter, as `intake.opened.letter` finds them.

        Empty for what cannot be opened within the limits. Raises as `look` does.
        """
        with self._lock:
            end = time.monotonic() + self.limits.all_seconds
            return self._tried(_Job([content], _valid_words, words=media_type), end) or ""

    def mail(self, content: bytes) -> Unwrapped:
        """The mail in a .msg file, as `intake.opened.msg` finds it.

        Empty for what cannot be opened within the limits. Raises as `look` does.
        """
        with self._lock:
            end = time.monotonic() + self.limits.all_seconds
            return self._tried(_Job([content], _valid_mail, words=OLE), end) or Unwrapped()

    def close(self, grace: float = 5) -> None:
        """End the child; a job in hand has some seconds left. Further jobs are refused."""
        self._closed = True
        waited = self._lock.acquire(timeout=grace)
        if not waited:
            # Who waits for the answer sees the end of the pipe, and puts away what is left.
            if (child := self._child) is not None:
                child.kill()
            waited = self._lock.acquire(timeout=grace)
        if waited:
            self._end()
            self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _tried(self, job: _Job[Answer_co], end: float) -> Answer_co | None:
        """One job; a child that had worked before may have been spoilt, and gets a second try."""
        for _ in range(2):
            used = self._done > 0
            seconds = min(self.limits.seconds, end - time.monotonic())
            if seconds <= 0:
                return None
            found, late = self._asked(job, seconds)
            if found is not None or late or not used:
                return found
        return None

    def _asked(self, job: _Job[Answer_co], seconds: float) -> tuple[Answer_co | None, bool]:
        """What the child answered, and whether it was too late."""
        child = self._started()
        header = json.dumps(job.told() | {"seconds": int(seconds) + 1}).encode()
        sent = [LENGTH.pack(len(header)) + header, *job.contents, job.blank]
        deadline = time.monotonic() + seconds
        found = job.valid(child.answer(sent, deadline, self.limits.answer_bytes))
        self._done += 1
        if found is None or self._done >= self.limits.jobs:
            self._end()
        if found is None and self._closed:
            raise StoppedError("open files: the service stops")
        return found, time.monotonic() >= deadline

    def _started(self) -> _Child:
        if self._closed:
            raise StoppedError("open files: the service stops")
        if self._child is None:
            self._done = 0
            child = self._child = _Child(self.limits, self._tesseract)
            # A worker that nobody closed takes its child with it.
            self._finalizer = weakref.finalize(self, child.end)
            there = child.ready(time.monotonic() + self.limits.start_seconds)
            if not there or self._closed:
                self._end()
                if self._closed:
                    raise StoppedError("open files: the service stops")
                raise NotNowError("start the process that opens files")
        return self._child

    def _end(self) -> None:
        self._child = None
        if self._finalizer is not None:
            self._finalizer()


def _valid(raw: bytes | None) -> Seen | None:
    """An answer that says what it may say, or None."""
    if raw is None:
        return None
    try:
        seen = Seen.model_validate_json(raw)
    except ValidationError:
        return None
    places = [place for page in seen.pages for place in page.places]
    sound = len(seen.pages) == len(seen.codes) <= _MOST_SEEN and all(map(_is_small_png, places))
    return seen if sound else None


def _valid_words(raw: bytes | None) -> str | None:
    """Text, no longer than a letter may be; or None."""
    try:
        return _TEXT.validate_json(raw or b"")
    except ValidationError:
        return None


def _valid_mail(raw: bytes | None) -> Unwrapped | None:
    """Subject, sender and text, no longer than they may be; or None."""
    try:
        said = _TEXTS.validate_json(raw or b"")
    except ValidationError:
        return None
    subject, sender, text = said
    return Unwrapped(subject=subject, sender=sender, text=text)


def _is_small_png(place: Place) -> bool:
    """Whether the picture of a place, if there is one, is fit to be sent to staff."""
    if len(place.picture) > _LARGEST_PICTURE:
        return False
    try:
        content = base64.b64decode(place.picture, validate=True)
    except ValueError:
        return False
    return not content or content.startswith(_PNG)


class _Child:
    """One process and its two pipes, neither of which can hold anybody up."""

    def __init__(self, limits: Limits, tesseract_at: str) -> None:
        told = {
            "memory": limits.memory,
            "address_space": limits.address_space,
            "cpu_seconds": limits.cpu_seconds,
            "tesseract": tesseract_at,
        }
        here = json.dumps([path or os.getcwd() for path in sys.path])  # noqa: PTH109  as the interpreter reads it
        environ = {k: os.environ[k] for k in _KEPT if k in os.environ} | _ONE_THREAD
        self._process = subprocess.Popen(  # noqa: S603  our own interpreter and program
            [sys.executable, "-I", "-B", "-c", _BOOT, here, json.dumps(told)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            cwd="/",
            env=environ,
            start_new_session=True,
        )
        assert self._process.stdin
        assert self._process.stdout
        self._go: IO[bytes] = self._process.stdin
        self._come: IO[bytes] = self._process.stdout
        for pipe in (self._go, self._come):
            os.set_blocking(pipe.fileno(), False)

    def ready(self, deadline: float) -> bool:
        """Whether it says that it is there."""
        return self._read(len(HELLO), deadline) == HELLO

    def answer(self, sent: Sequence[bytes], deadline: float, most: int) -> bytes | None:
        """What it answers; None when it dies, is late, or says more than it may."""
        for part in sent:
            if not self._write(part, deadline):
                return None
        head = self._read(LENGTH.size, deadline)
        count = LENGTH.unpack(head)[0] if head else most + 1
        return self._read(count, deadline) if count <= most else None

    def kill(self) -> None:
        """Kill it, and the programs that it started: they are in its session."""
        if self._process.returncode is None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def end(self) -> None:
        """Kill it; waiting for it to end by itself would be at the mercy of a file."""
        self.kill()
        self._process.wait()
        for pipe in (self._go, self._come):
            pipe.close()

    def _write(self, content: bytes, deadline: float) -> bool:
        left = memoryview(content)
        while left:
            if not _waits(self._go.fileno(), select.POLLOUT, deadline):
                return False
            try:
                left = left[os.write(self._go.fileno(), left[:_CHUNK]) :]
            except BlockingIOError:
                continue
            except OSError:
                return False
        return True

    def _read(self, count: int, deadline: float) -> bytes | None:
        found = bytearray()
        while len(found) < count:
            if not _waits(self._come.fileno(), select.POLLIN, deadline):
                return None
            try:
                part = os.read(self._come.fileno(), min(_CHUNK, count - len(found)))
            except BlockingIOError:
                continue
            except OSError:
                return None
            if not part:
                return None
            found += part
        return bytes(found)


def _waits(descriptor: int, what: int, deadline: float) -> bool:
    """Whether something can be done with a pipe before the time is over."""
    left = deadline - time.monotonic()
    if left <= 0:
        return False
    poll = select.poll()
    poll.register(descriptor, what)
    return bool(poll.poll(left * 1000))
