"""Files are opened by a limited child: it may die, hang, swell or lie, and the service goes on."""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont
from tests.forms.returns import PDF, image_file
from tests.intake.test_wrapped import message_of, pdf, word

from mmx_mailflow.casework.returned import Defect, Page, Place, Signature
from mmx_mailflow.forms.returned import ReturnedFile, Seen
from mmx_mailflow.forms.returned.look import look
from mmx_mailflow.intake.opened import letter, msg
from mmx_mailflow.intake.wrapped import Unwrapped
from mmx_mailflow.transport import ocr
from mmx_mailflow.transport.worker import (
    Limits,
    StoppedError,
    Worker,
    _valid,
    _valid_mail,
    _valid_words,
    _waits,
)

ROOT = Path(__file__).resolve().parents[2]
UNREADABLE = (Defect.UNREADABLE_FILE,)


def files(*contents: bytes) -> list[ReturnedFile]:
    return [ReturnedFile(name="", content=content) for content in contents]


def pdf_of(stream: bytes, filters: str = "/FlateDecode", page: str = "") -> bytes:
    """A PDF of one page with this content."""
    parts = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R{page}>>".encode(),
        f"<</Length {len(stream)}/Filter {filters}>>stream\n".encode() + stream + b"\nendstream",
    ]
    made, places = b"%PDF-1.7\n", []
    for number, part in enumerate(parts, 1):
        places.append(b"%010d 00000 n \n" % len(made))
        made += b"%d 0 obj\n" % number + part + b"\nendobj\n"
    table = b"xref\n0 5\n0000000000 65535 f \n" + b"".join(places)
    end = b"trailer<</Root 1 0 R/Size 5>>\nstartxref\n%d\n%%%%EOF" % len(made)
    return made + table + end


def deflated(part: bytes, times: int) -> bytes:
    """A part many times over, compressed without ever being held."""
    press = zlib.compressobj(9)
    return b"".join(press.compress(part) for _ in range(times)) + press.flush()


SLOW = pdf_of(deflated(b"[0.02 0.02] 0 d 0.1 w 0 0 m 600 700 l S\n", 60_000))
"""Minutes of drawing dashes, in some kB."""
SWOLLEN = pdf_of(
    zlib.compress(deflated(b"0 0 m 1 1 l S\n" * 70_000, 1_000), 9), "[/FlateDecode /FlateDecode]"
)
"""A gigabyte of drawing in some kB."""


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    with Worker() as opened:
        yield opened


def child_of(worker: Worker) -> int:
    worker.look(files(b""))
    assert worker._child is not None
    return worker._child._process.pid


def alive(pid: int) -> bool:
    """Not gone, and not a dead process that nobody has asked about."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def until_gone(pid: int, seconds: float = 10) -> bool:
    end = time.monotonic() + seconds
    while alive(pid) and time.monotonic() < end:
        time.sleep(0.05)
    return not alive(pid)


def test_the_child_sees_what_would_be_seen_without_it(worker: Worker) -> None:
    made = files(PDF, image_file("PNG"))

    assert worker.look(made) == look(made)


def test_without_depth_only_codes_are_read(worker: Worker) -> None:
    seen = worker.look(files(PDF), deep=False)

    assert {len(page.places) for page in seen.pages} == {0}
    assert all(seen.codes)


LETTERS = {
    "application/pdf": pdf("Dear all, please send my records."),
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": word(
        "Por favor envíen mi expediente."
    ),
}


@pytest.mark.parametrize("media_type", LETTERS)
def test_the_child_reads_the_words_of_letters(worker: Worker, media_type: str) -> None:
    content = LETTERS[media_type]

    assert len(worker.words(media_type, content).split()) > 3
    assert worker.words(media_type, content) == letter(media_type, content)
    assert worker.words(media_type, content[: len(content) // 2]) == ""
    assert worker.words("image/png", content) == ""


def test_the_child_reads_the_mail_in_a_file_of_outlook(worker: Worker) -> None:
    content = message_of("Please send my records.")

    assert worker.mail(content) == msg(content)
    assert worker.mail(content).text.startswith("Please send")
    assert worker.mail(content[:300]) == Unwrapped()


@pytest.mark.parametrize(
    "answer",
    [None, b"", b'["x", "y"]', b'["x", "y", 1]', b'["x", "' + b"y" * 501 + b'", "z"]'],
)
def test_a_mail_that_is_none_is_not_taken(answer: bytes | None) -> None:
    assert _valid_mail(answer) is None


def test_a_letter_that_swells_has_no_words() -> None:
    with Worker(Limits(seconds=20, cpu_seconds=3)) as own:
        assert own.words("application/pdf", SWOLLEN) == ""
        assert own.words("application/pdf", LETTERS["application/pdf"]) != ""


@pytest.mark.parametrize("answer", [None, b"", b"1", b'["x"]', b'"' + b"x" * 40_001 + b'"'])
def test_words_that_are_no_words_are_not_taken(answer: bytes | None) -> None:
    assert _valid_words(answer) is None


def test_one_child_does_many_jobs_and_is_then_replaced() -> None:
    with Worker(Limits(jobs=3)) as own:
        pids = [child_of(own) for _ in range(2)]
        own.look(files(b""))
        pids.append(child_of(own))

    assert pids[0] == pids[1] != pids[2]


def test_a_child_that_was_killed_is_replaced() -> None:
    with Worker() as own:
        before = child_of(own)
        os.kill(before, signal.SIGKILL)

        assert own.look(files(PDF)).defects == ()
        assert child_of(own) != before


def test_a_signal_to_the_whole_service_ends_no_job() -> None:
    with Worker() as own:
        before = child_of(own)
        os.kill(before, signal.SIGTERM)
        os.kill(before, signal.SIGINT)

        assert child_of(own) == before


def test_a_file_that_takes_too_long_is_unreadable() -> None:
    with Worker(Limits(seconds=2)) as own:
        child_of(own)
        began = time.monotonic()

        assert own.look(files(SLOW)).defects == UNREADABLE
        assert time.monotonic() - began < 6
        assert own.look(files(PDF)).defects == ()


def test_a_file_that_takes_too_much_work_is_unreadable() -> None:
    with Worker(Limits(cpu_seconds=1, seconds=60)) as own:
        began = time.monotonic()

        assert own.look(files(SLOW)).defects == UNREADABLE
        assert time.monotonic() - began < 30


def test_the_files_of_one_mail_have_a_time_together() -> None:
    with Worker(Limits(seconds=2, all_seconds=3)) as own:
        child_of(own)
        began = time.monotonic()

        assert own.look(files(*[SLOW] * 6)).defects == UNREADABLE
        assert time.monotonic() - began < 10


@pytest.mark.parametrize("bomb", ["a picture", "a PDF"])
def test_a_file_that_swells_is_unreadable_and_the_service_stays_small(bomb: str) -> None:
    content = {
        "a picture": image_file("PNG", Image.new("RGBA", (7_700, 7_700), "white")),
        "a PDF": SWOLLEN,
    }[bomb]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with Worker(Limits(memory=350_000_000, seconds=40, cpu_seconds=30)) as own:
        assert own.look(files(content)).defects == UNREADABLE
        assert own.look(files(PDF)).defects == ()

    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000


def test_one_bad_file_does_not_spoil_the_others() -> None:
    with Worker(Limits(seconds=4)) as own:
        seen = own.look(files(PDF, SLOW, image_file("PNG")))

    assert len(seen.pages) == 6
    assert seen.defects == UNREADABLE


def test_an_answer_that_is_too_long_is_not_taken() -> None:
    with Worker(Limits(answer_bytes=200)) as own:
        assert own.look(files(PDF)).defects == UNREADABLE


def said(*pages: Page) -> bytes:
    return Seen(pages=pages, codes=("",) * len(pages)).model_dump_json().encode()


def pictured(picture: str) -> Place:
    return Place(place="A13", signature=Signature.INK, picture=picture)


def test_an_answer_with_a_picture_of_a_place_is_taken() -> None:
    assert _valid(said(Page(code=None, legible=True, places=(pictured("iVBORw0KGgo="),))))


@pytest.mark.parametrize(
    "answer",
    [
        None,
        b"",
        b"null",
        b"\x80\x04cos\nsystem\n",
        b'{"pages": [], "codes": ["x"]}',
        b'{"pages": [], "key": 1}',
        said(*[Page(code=None, legible=False)] * 301),
        said(Page(code=None, legible=True, places=(pictured("not base64!"),))),
        said(Page(code=None, legible=True, places=(pictured("R0lGODlh"),))),
        said(Page(code=None, legible=True, places=(pictured("iVBORw0KGgo=" * 40_000),))),
    ],
)
def test_an_answer_that_says_what_it_may_not_is_not_taken(answer: bytes | None) -> None:
    assert _valid(answer) is None


def test_the_child_has_no_secret_and_writes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MMX_SECRET", "open sesame")
    with Worker() as own:
        pid = child_of(own)
        environ = Path(f"/proc/{pid}/environ").read_bytes()
        limits = Path(f"/proc/{pid}/limits").read_text()
        opened = {str(x.readlink()) for x in Path(f"/proc/{pid}/fd").iterdir()}

    assert b"sesame" not in environ
    assert b"HOME" not in environ
    for name in ("Max file size", "Max core file size"):
        assert next(x for x in limits.splitlines() if x.startswith(name)).split()[-3:-1] == [
            "0",
            "0",
        ]
    assert {x for x in opened if not x.startswith("pipe:")} == {"/dev/null"}


def test_a_closed_worker_ends_its_child_and_takes_no_more() -> None:
    own = Worker()
    pid = child_of(own)
    own.close()

    assert until_gone(pid)
    with pytest.raises(StoppedError):
        own.look(files(PDF))


def busy(worker: Worker, seconds: float) -> bool:
    """Whether the child has worked for so long."""
    if worker._child is None:
        return False
    found = Path(f"/proc/{worker._child._process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(found[11]) + int(found[12])) / os.sysconf("SC_CLK_TCK") > seconds


@pytest.mark.parametrize("used", [True, False], ids=["a used child", "a new child"])
def test_closing_does_not_wait_for_a_long_job_and_says_nothing_of_its_files(*, used: bool) -> None:
    own, said = Worker(Limits(seconds=60)), []

    def job() -> None:
        try:
            said.append(own.look(files(SLOW)))
        except StoppedError as error:
            said.append(error)

    if used:
        child_of(own)
    thread = threading.Thread(target=job)
    thread.start()
    while not busy(own, 4):
        time.sleep(0.05)
    began = time.monotonic()
    own.close(grace=1)
    thread.join(10)

    assert time.monotonic() - began < 5
    assert [type(x) for x in said] == [StoppedError]


def test_nothing_is_awaited_once_the_time_is_over() -> None:
    there, here = os.pipe()
    os.write(here, b"x")
    over, later = time.monotonic() - 1, time.monotonic() + 60

    assert not _waits(there, select.POLLIN, over)
    assert _waits(there, select.POLLIN, later)
    os.close(there)
    os.close(here)


def test_several_threads_may_ask(worker: Worker) -> None:
    said: list[Seen] = []
    threads = [
        threading.Thread(target=lambda: said.append(worker.look(files(image_file("PNG")))))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert [len(seen.pages) for seen in said] == [1] * 4


PARENT = """
import sys, time
from mmx_mailflow.forms.returned import ReturnedFile
from mmx_mailflow.transport.worker import Worker
own = Worker()
own.look([ReturnedFile(name="", content=b"")])
print(own._child._process.pid, flush=True)
time.sleep(600)
"""


def test_the_child_goes_when_the_service_is_killed() -> None:
    environ = os.environ | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], stdout=subprocess.PIPE, cwd=ROOT, env=environ
    ) as parent:
        assert parent.stdout
        pid = int(parent.stdout.readline())
        assert alive(pid)
        parent.kill()
        parent.wait()

        assert until_gone(pid)


# --- reading print ---

needs_tesseract = pytest.mark.skipif(not ocr.tesseract(), reason="tesseract is not installed")
LIMITED = """
import json, sys
from mmx_mailflow.transport import limited, ocr
limited._limit(json.loads(sys.argv[1]))
print(ocr.reader_of_print(sys.argv[2])(sys.stdin.buffer.read()))
"""


@pytest.mark.servers
@needs_tesseract
def test_print_is_read_in_both_languages_within_the_limits() -> None:
    limits = {"memory": Limits().memory, "address_space": Limits().address_space}
    command = [sys.executable, "-c", LIMITED, json.dumps(limits), ocr.tesseract()]
    environ = os.environ | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    paper = Image.new("L", (1_400, 240), "white")
    font = ImageFont.load_default(48)
    ImageDraw.Draw(paper).text((40, 40), "Health information", font=font)
    ImageDraw.Draw(paper).text((40, 140), "Expediente del paciente", font=font)
    page = image_file("PNG", paper)
    said = subprocess.run(command, input=page, capture_output=True, check=True, env=environ)

    words = said.stdout.decode().casefold()

    assert words.split() == ["health", "information", "expediente", "del", "paciente"]
    assert set(ocr.LANGUAGES) <= ocr.languages(ocr.tesseract())


def test_without_the_program_nothing_is_read() -> None:
    assert ocr.reader_of_print("/nowhere/tesseract")(b"") == ""
    assert ocr.languages("/nowhere/tesseract") == frozenset()
