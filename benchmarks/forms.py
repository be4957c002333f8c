"""How returned pages are judged: a confusion table by what was done to them.

python benchmarks/forms.py [PAGES PER CLASS AND KIND] [SEED]
"""

from __future__ import annotations

import resource
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from functools import cache

import numpy as np
import pypdfium2
from benchmarks import damage
from benchmarks.damage import Chance
from PIL import Image

from mmx_mailflow.forms.packet import FormWords, PacketFacts, issued_form, packet, words_from
from mmx_mailflow.forms.returned import ReturnedFile, inspect
from mmx_mailflow.forms.shape import SIGN, PlaceBox, places_on
from mmx_mailflow.settings import data_path

KEY, TODAY = b"k" * 32, date(2026, 11, 24)
FORMS = 6


@cache
def words() -> FormWords:
    folder = data_path("templates")
    return words_from(
        {
            f"{lang}/form/words.toml": (folder / lang / "form/words.toml").read_text("utf-8")
            for lang in ("en", "es")
        }
    )


@cache
def issued(number: int) -> tuple[PacketFacts, Image.Image, int]:
    """The page with A13 of one of a few forms, as it leaves the printer."""
    names = (
        "José Ejemplo Núñez",
        "Mary Sample",
        "Li Wu",
        "Ana María de la Cruz Prueba",
        "O. Muestra",
        "",
    )
    facts = PacketFacts(
        ref="MMX-53S6-6H7",
        issue=number + 1,
        issued_on=TODAY,
        expires_on=date(2027, 11, 24),
        organisation="MedicalMex",
        records_address="records@medicalmex.example",
        agent_name="Ana Ejemplo",
        patient_name=names[number % len(names)] or None,
        providers=("Hospital Faro del Mar",),
    )
    page = issued_form(facts, words()).pages_wanted[1]
    document = pypdfium2.PdfDocument(packet(facts, words(), key=KEY))
    image = document[page - 1].render(scale=damage.SCALE).to_pil().convert("L")
    document.close()
    return facts, image, page


def boxes() -> list[PlaceBox]:
    return list(places_on(SIGN, 1))


Made = Callable[[Image.Image, Chance], bytes]


def _scan(page: Image.Image, chance: Chance, quality: tuple[int, int] = (50, 91)) -> bytes:
    turned = page.rotate(float(chance.uniform(-2, 2)), Image.Resampling.BILINEAR, fillcolor=255)
    return damage.captured(turned, chance, dpi=(110, 300), blur=0.6, noise=4, quality=quality)


def _photo(
    page: Image.Image,
    chance: Chance,
    *,
    tilt: float = 15,
    dpi: tuple[float, float] = (120, 260),
    blur: float = 1.2,
    noise: float = 8,
    quality: tuple[int, int] = (40, 91),
) -> bytes:
    turn = 180 if chance.random() < 0.15 else 8
    seen = damage.photographed(page, chance, tilt=tilt, turn=turn)
    return damage.captured(seen, chance, dpi=dpi, blur=blur, noise=noise, quality=quality)


CLASSES: dict[str, Made] = {
    "scan": _scan,
    "fax": damage.faxed,
    "photo": _photo,
    "photo, hard": lambda p, c: _photo(
        damage.shadowed(p, c), c, tilt=25, dpi=(110, 160), blur=1.3, noise=10, quality=(30, 60)
    ),
    "upside down": lambda p, c: _photo(p.rotate(float(c.choice([90, 180, 270])), expand=True), c),
    "shadow": lambda p, c: _photo(damage.shadowed(damage.shadowed(p, c), c), c),
    "curved": lambda p, c: _photo(damage.bent(p, c, crumpled=False), c),
    "crumpled": lambda p, c: _photo(damage.bent(p, c, crumpled=True), c),
    "cropped": lambda p, c: (
        _photo(damage.cropped(p, c), c, tilt=6)
        if c.random() < 0.3
        else _scan(damage.cropped(p, c), c)
    ),
    "coloured paper": lambda p, c: _photo(damage.coloured(p, c), c),
    "faint pen": _photo,
    "fold": lambda p, c: _photo(damage.folded(p, c), c),
    "stamp elsewhere": _scan,
    "stamp on the place": _scan,
    "scribble outside": _photo,
    "dirty scan": lambda p, c: _scan(damage.dirty(p, c), c),
    "cup": _photo,
}


def made(name: str, number: int, seed: int, *, sign: bool) -> tuple[bytes, int]:
    """One returned page as a file, and the issue that it is of."""
    chance = np.random.default_rng([seed, number, sign, *name.encode()])
    form = int(chance.integers(FORMS))
    _, page, _ = issued(form)
    places = boxes()
    if sign:
        pen = damage.faint_pen(chance) if name == "faint pen" else damage.random_pen(chance)
        page = damage.signed(page, places, pen, chance)
    a13 = next(b for b in places if b.place == "A13")
    if name.startswith("stamp"):
        page = damage.stamped(page, chance, a13 if name.endswith("place") else None)
    if name == "scribble outside":
        page = damage.scribbled_outside(page, places, chance)
    if name == "cup":
        page = damage.ringed(page, a13, chance)
    return CLASSES[name](page, chance), form + 1


def judged(job: tuple[str, int, int, bool]) -> tuple[str, bool, str, bool, float, int]:
    """Class, signed or not, what was said of A13, whether the page was identified, seconds."""
    name, number, seed, sign = job
    content, issue = made(name, number, seed, sign=sign)
    began = time.perf_counter()
    back = inspect([ReturnedFile(name="", content=content)], key=KEY, today=TODAY)
    took = time.perf_counter() - began
    code = back.pages[0].code if back.pages else None
    known = code is not None and code.issue == issue and bool(code.verified)
    found = [x.signature for p in back.pages for x in p.places if x.place == "A13"]
    said = found[0].value if found else ("unsure" if known else "not found")
    return name, sign, said, known, took, number


def main(each: int = 60, seed: int = 1, only: str = "") -> int:
    names = [n for n in CLASSES if only in n]
    jobs = [(n, k, seed, s) for n in names for k in range(each) for s in (True, False)]
    with ProcessPoolExecutor(2) as pool:
        rows = list(pool.map(judged, jobs, chunksize=8))
    print(f"{'damage':20} {'signed pages':>34}   {'unsigned pages':>34}")
    print(
        f"{'':20} {'signed':>8}{'unsure':>8}{'unsigned':>9}{'lost':>6}   {'signed':>8}{'unsure':>8}{'unsigned':>9}{'lost':>6}"
    )
    total: Counter[tuple[bool, str]] = Counter()
    for name in [*names, "all"]:
        mine = [r for r in rows if name in ("all", r[0])]
        cells = []
        for sign in (True, False):
            here = Counter(_short(r[2]) for r in mine if r[1] is sign)
            if name == "all":
                total.update({(sign, k): v for k, v in here.items()})
            cells.append(
                f"{here['signed']:8}{here['unsure']:8}{here['unsigned']:9}{here['lost']:6}"
            )
        print(f"{name:20} {cells[0]}   {cells[1]}")
    pages = len(rows) / 2
    slow = sorted(r[4] for r in rows)
    print(
        f"unsigned called signed {total[False, 'signed']}; signed called unsigned {total[True, 'unsigned'] / pages:.2%}; "
        f"unsure {(total[True, 'unsure'] + total[False, 'unsure']) / len(rows):.2%}; identified {sum(r[3] for r in rows) / len(rows):.2%}"
    )
    print(
        f"a page: median {slow[len(slow) // 2]:.2f} s, slowest {slow[-1]:.2f} s; "
        f"memory {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024:.0f} MB"
    )
    bad = [(r[0], r[5]) for r in rows if (not r[1] and _short(r[2]) == "signed")]
    bad += [(r[0] + " +", r[5]) for r in rows if r[1] and _short(r[2]) == "unsigned"]
    if bad:
        print("wrong:", bad[:40])
    return 1 if total[False, "signed"] else 0


def _short(said: str) -> str:
    return {"ink": "signed", "drawn": "signed", "none": "unsigned", "unsure": "unsure"}.get(
        said, "lost"
    )


if __name__ == "__main__":
    arguments = sys.argv[1:]
    raise SystemExit(main(*(int(a) for a in arguments[:2]), *arguments[2:3]))
