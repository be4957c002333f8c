"""Short sentences in both languages and what they say: dates, names, places, wishes, contacts, kinds."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmx_mailflow.intake.facts import contacts, names, places, wanted
from mmx_mailflow.intake.facts.dates import found
from mmx_mailflow.intake.facts.spelled import plain
from mmx_mailflow.intake.labels import label_of
from mmx_mailflow.intake.parse import parsed

TODAY = date(2025, 6, 18)
CARE = "I had my surgery there"


def mail(
    body: str, subject: str = "Records", sender: str = "Pat <pat.q@gmail.com>", **headers: str
) -> bytes:
    message = EmailMessage()
    message["From"] = sender
    message["To"] = "records@medicalmex.example"
    message["Subject"] = subject
    message["Date"] = "Wed, 18 Jun 2025 10:00:00 +0000"
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(body)
    return message.as_bytes()


def fields(body: str, **more: str) -> dict[str, object]:
    said = parsed("x.eml", mail(body, **more))
    assert isinstance(said["fields"], dict)
    return dict(said["fields"]) | {
        k: said[k] for k in ("kind", "missing", "ambiguous", "requester")
    }


SPANS = {
    "the ninth of October 1958": "1958-10-09/1958-10-09",
    "el veintitrés de abril de mil novecientos setenta": "1970-04-23/1970-04-23",
    "nueve de enero del dos mil cinco": "2005-01-09/2005-01-09",
    "May fifth, nineteen eighty-two": "1982-05-05/1982-05-05",
    "the twenty-first of March 2024": "2024-03-21/2024-03-21",
    "primero de junio de 1966": "1966-06-01/1966-06-01",
    "1o de mayo de 2020": "2020-05-01/2020-05-01",
    "14feb1961": "1961-02-14/1961-02-14",
    "14-FEB-61": "1961-02-14/1961-02-14",
    "Feb 14, '61": "1961-02-14/1961-02-14",
    "3 de marzo del 79": "1979-03-03/1979-03-03",
    "9/XI/2023": "2023-11-09/2023-11-09",
    "2024/05/03": "2024-05-03/2024-05-03",
    "2024-05": "2024-05-01/2024-05-31",
    "05/2024": "2024-05-01/2024-05-31",
    "febuary 3 2024": "2024-02-03/2024-02-03",
    "ocutbre de 2022": "2022-10-01/2022-10-31",
    "setiembre 2023": "2023-09-01/2023-09-30",
    "Sept of '23": "2023-09-01/2023-09-30",
    "dic del 22": "2022-12-01/2022-12-31",
    "from the 3rd to the 9th of May 2024": "2024-05-03/2024-05-09",
    "between May 3rd 2024 and May 9th 2024": "2024-05-03/2024-05-09",
    "entre el 3 de mayo de 2024 y el 9 de mayo de 2024": "2024-05-03/2024-05-09",
    "4/19/25, discharged 4/27/25": "2025-04-19/2025-04-27",
    "March 2, 2024 and went home on March 6": "2024-03-02/2024-03-06",
    "el 2 de marzo de 2024 y salí el 6": "2024-03-02/2024-03-06",
    "ingresé el 2 y me dieron de alta el 6 de marzo de 2024": "2024-03-02/2024-03-06",
    "March 2, 2024, out the next day": "2024-03-02/2024-03-03",
    "2 de marzo de 2024 y me dieron de alta al día siguiente": "2024-03-02/2024-03-03",
    "March 2, 2024 and stayed three nights": "2024-03-02/2024-03-05",
    "12/28/2023 - 1/3/2024": "2023-12-28/2024-01-03",
    "del 28 de diciembre de 2023 al 3 de enero de 2024": "2023-12-28/2024-01-03",
    "Nov 30-Dec 2 2024": "2024-11-30/2024-12-02",
    "March 4 and 5, 2024": "2024-03-04/2024-03-05",
    "de noviembre a enero de 2024": "2023-11-01/2024-01-31",
    "2022 to 2024": "2022-01-01/2024-12-31",
    "summer of '22": "2022-06-01/2022-09-30",
    "otoño de 2023": "2023-09-01/2023-12-31",
    "early spring of 2024": "2024-03-01/2024-04-30",
    "winter 2023": "2023-12-01/2024-03-31",
    "mid-April 2024": "2024-04-10/2024-04-20",
    "a principios de marzo de 2024": "2024-03-01/2024-03-10",
    "a finales de noviembre de 2024": "2024-11-20/2024-11-30",
    "the end of May 2024": "2024-05-20/2024-05-31",
    "the last two weeks of April 2024": "2024-04-17/2024-04-30",
    "the second week of October 2024": "2024-10-06/2024-10-14",
    "la semana del 8 de abril de 2024": "2024-04-08/2024-04-14",
    "around Christmas 2022": "2022-12-10/2023-01-10",
    "en navidad de 2023": "2023-12-10/2024-01-10",
    "last year": "2024-01-01/2024-12-31",
    "el año pasado en julio": "2024-07-01/2024-07-31",
    "en julio del año pasado": "2024-07-01/2024-07-31",
    "the middle of February of this year": "2025-02-10/2025-02-20",
    "hace dos semanas": "2025-05-28/2025-06-11",
    "three weeks ago": "2025-05-21/2025-06-04",
    "two months ago": "2025-04-01/2025-04-30",
    "last week": "2025-06-09/2025-06-15",
    "la semana pasada": "2025-06-09/2025-06-15",
    "this past March": "2025-03-01/2025-03-31",
    "el pasado mayo": "2025-05-01/2025-05-31",
    "since 2021": "2021-01-01/2025-06-18",
    "desde marzo de 2022": "2022-03-01/2025-06-18",
    "hace dos años por primavera": "2023-03-01/2023-06-30",
    "June 1 or 2 2025": "2025-06-01/2025-06-02",
}


@pytest.mark.parametrize("words", SPANS)
def test_a_time_is_read_however_it_is_written(words: str) -> None:
    spans = [f"{a}/{b}" for d in found(f"x {words}.", TODAY) for a, b in d.readings]

    assert spans == [SPANS[words]]


@pytest.mark.parametrize(
    "words",
    ["I may call 3 times", "room 12 of 30", "call me at 619 233 4712", "una de las hojas", "my first name", "$1,200", "version 2.3.1", "at 10:30 am", "5 de las 8 hojas", "2 or 3 visits"],
)  # fmt: skip
def test_what_is_no_date_is_none(words: str) -> None:
    assert found(words, TODAY) == []


BORN = {
    "My date of birth is the 4th of July 1966.": "1966-07-04",
    "I came into this world on February 29, 1944.": "1944-02-29",
    "dob 12-25-63": "1963-12-25",
    "b-day: 19 aug 1972": "1972-08-19",
    "nací el cuatro de marzo de mil novecientos cincuenta y uno": "1951-03-04",
    "Fecha de nac.: 28/02/1990": "1990-02-28",
    "F.N. 17 de octubre de 1960": "1960-10-17",
    "cumpleaños 16-ene-1968": "1968-01-16",
    "I was born May 2, 1970 and my daughter was born June 3, 2001.": "1970-05-02",
    "Born 13.07.1988, passport issued 02.02.2019.": "1988-07-13",
    "DOB 03/25/1980, treated 04/05/2024": "1980-03-25",
    "I was born 3/4/1980 and operated on 11/22/2023.": "1980-03-04",
    "Nací el 5/6/1964 y me operaron el 23/11/2022.": "1964-06-05",
}


@pytest.mark.parametrize("words", BORN)
def test_a_birth_is_told_from_other_dates(words: str) -> None:
    said = fields(f"Hello, I need my x-rays from Clinica Luz. {words}\n\nRosa Maria Lima\n")

    assert said["date_of_birth"] == BORN[words]


@pytest.mark.parametrize(
    "words",
    ["DOB 03/04/1980", "born 5.6.1971", "nací el 07/08/1979", "dob 030480", "Soy del año 48.", "born in 1961", "DOB 3/4/80, surgery 25/11/2023, check-up 12/15/2023", "Born May 2, 1970. Correct birth date May 3, 1970."],
)  # fmt: skip
def test_a_birth_that_may_be_two_is_a_question(words: str) -> None:
    said = fields(f"Hello, I need my x-rays from Clinica Luz. {words}\n\nRosa Maria Lima\n")

    assert said["date_of_birth"] is None
    assert said["ambiguous"] == ["date_of_birth"]


NOT_CARE = (
    "We flew home on May 4, 2024.", "Volamos el 4 de mayo de 2024.", "My passport expires May 4, 2030.", "The invoice of May 4, 2024 is paid.", "I signed the authorization on May 4, 2024.",
    "Firmé la autorización el 4 de mayo de 2024.", "I was married on May 4, 2019.", "I need it by July 4, 2025.", "Lo necesito antes del 4 de julio de 2025.", "My insurer's letter is dated May 4, 2024.",
    "I wrote to you on May 4, 2024.", "Les escribí el 4 de mayo de 2024.", "We moved here on May 4, 2024.",
)  # fmt: skip


@pytest.mark.parametrize("words", NOT_CARE)
def test_a_date_of_something_else_is_no_treatment(words: str) -> None:
    said = fields(
        f"I need the x-rays of {CARE}, on March 3, 2024, at Clinica Luz. {words}\n\nRosa Maria Lima\n"
    )

    assert [p["start"] for p in said["treatment_dates"]] == ["2024-03-03"]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "number", ["619 888 2020", "(619) 888-2021", "2019 Oak Street, Yuma", "No. 2018"]
)
def test_a_number_gives_no_year(number: str) -> None:
    said = fields(
        f"Estuve en la Clínica Luz del 20 al 24 de enero. Necesito mis radiografías. Mi número: {number}\n\nAna María Bell Ríos\n"
    )

    assert [p["start"] for p in said["treatment_dates"]] == ["2025-01-20"]  # type: ignore[attr-defined]


def test_a_stay_that_says_so_itself_is_care() -> None:
    said = fields(
        "I was hit by a car on holiday on the 2nd of January 2025 and was treated at Hospital Luz until the 6th. I need the CT report.\n"
    )

    assert [(p["start"], p["end"]) for p in said["treatment_dates"]] == [
        ("2025-01-02", "2025-01-06")
    ]  # type: ignore[attr-defined]


NAMES = {
    "My name is Maria de la Cruz Ortega and I need copies.": "Maria de la Cruz Ortega",
    "Me llamo José Ángel Peña Núñez y necesito copias.": "José Ángel Peña Núñez",
    "i need copies. my name is ana lopez rivera, thanks": "Ana Lopez Rivera",
    "soy juan carlos peña mora naci en 1970": "Juan Carlos Peña Mora",
    "I go by Betty Ross, my legal name is Elizabeth Ann Ross-Keane.": "Elizabeth Ann Ross-Keane",
    "En la clínica me conocen como Lupe Díaz pero mi nombre legal es Guadalupe Díaz Ferrer.": "Guadalupe Díaz Ferrer",
    "Name: O'BRIEN, SEAN PATRICK": "Sean Patrick O'Brien",
    "Paciente: NÚÑEZ PEÑALOZA, BENJAMÍN": "Benjamín Núñez Peñaloza",
    "Patient: Harold King III": "Harold King III",
    "Full name: Wendell Orson Hart Jr.": "Wendell Orson Hart Jr",
    "I'm Joost van den Berg, born 3 May 1950.": "Joost van den Berg",
    "This is Rosalind Ava Kent, and I had surgery.": "Rosalind Ava Kent",
    "Clarence Eugene Rader III, that's what's on the passport.": "Clarence Eugene Rader III",
    "Nombre completo: María Fernanda de los Santos": "María Fernanda de los Santos",
}


@pytest.mark.parametrize("words", NAMES)
def test_the_patients_name_is_found(words: str) -> None:
    assert fields(f"{words}\nI need my x-rays.\n")["patient_name"] == NAMES[words]


REPRESENTED = {
    "I am writing for my mother, Alma Ruth Bell. Please send her x-rays.\n\nJoan Bell": "Alma Ruth Bell",
    "Escribo por mi papá. Él se llama Raúl Mora Vega y necesita sus radiografías.\n\nLuz Mora": "Raúl Mora Vega",
    "Our client, Mr. Tomas Reed Hall, was treated at Clinica Luz. We request the x-rays.\n\nJane Poe\nPoe LLP": "Tomas Reed Hall",
    "I need my son's x-rays. His name is Max Theodor Brand.\n\nSigne Brand": "Max Theodor Brand",
    "Solicito el expediente de mi esposa Norma Aguayo Fierro, las radiografías.\n\nRaúl Robles": "Norma Aguayo Fierro",
}


@pytest.mark.parametrize("words", REPRESENTED)
def test_who_writes_for_another_is_not_the_patient(words: str) -> None:
    said = fields(words)

    assert (said["requester"], said["patient_name"]) == ("representative", REPRESENTED[words])


PLACES = {
    "I was at Hospital San Telmo in Nogales.": ["Hospital San Telmo"],
    "seen by Dr. Ana Ruiz at Clínica del Sol, Tijuana": ["Dr. Ana Ruiz", "Clínica del Sol"],
    "The place is called Sonrisa Azul.": ["Sonrisa Azul"],
    "Me atendió la Dra. Luz Peña en el Sanatorio La Paz de Tecate.": [
        "Dra. Luz Peña",
        "Sanatorio La Paz de Tecate",
    ],
    "at the Baja Spine Institute": ["Baja Spine Institute"],
    "me operaron en la clinica vista hermosa en mexicali": ["clinica vista hermosa"],
    "El doctor se apellida Barroso.": ["Barroso"],
    "estudios en Laboratorio Vida y en Centro de Imagen Norte": [
        "Laboratorio Vida",
        "Centro de Imagen Norte",
    ],
    "It was not Hospital Angeles, it was Hospital General del Mar.": ["Hospital General del Mar"],
    "My cardiologist Dr. Webb wants them.": [],
    "I will show them to Dr. Webb.": [],
    "the hospital where I was": [],
    "la clínica donde me operaron": [],
}


@pytest.mark.parametrize("words", PLACES)
def test_providers_are_those_that_hold_records(words: str) -> None:
    assert [p.name for p in places.in_text(words)] == PLACES[words]


WISHES = {
    "I need the operative report and the lab results because my doctor asked.": [
        "operative report",
        "lab results",
    ],
    "Please send me my MRI on disc.": ["MRI on disc"],
    "could you get me the x-rays, the CT scan and the discharge summary": [
        "x-rays",
        "CT scan",
        "discharge summary",
    ],
    "Solicito copia de mi expediente clínico completo.": ["expediente clínico completo"],
    "quisiera las radiografías y la nota operatoria porque me las piden": [
        "radiografías",
        "nota operatoria",
    ],
    "ocupo los analisis y el ultrasonido": ["analisis", "ultrasonido"],
    "We request:\n- nursing notes\n- the anesthesia record\n": [
        "nursing notes",
        "anesthesia record",
    ],
    "Pido lo siguiente:\n a) hoja de alta\n b) receta\n": ["hoja de alta", "receta"],
    "My dentist wants the panoramic x-rays.": ["panoramic x-rays"],
}


@pytest.mark.parametrize("words", WISHES)
def test_what_is_wanted_is_kept_in_its_words(words: str) -> None:
    said = " | ".join(wanted.in_text(words))

    assert all(piece in said for piece in WISHES[words]), said
    assert len(said) < 2 * len(words)


@pytest.mark.parametrize(
    "words",
    ["I need my records.", "Please send me a copy of my medical records.", "Quiero mi expediente.", "necesito mis papeles del hospital", "I'd like my file, please.", "I do not need the bills.", "No necesito las facturas."],
)  # fmt: skip
def test_no_kind_of_record_is_no_description(words: str) -> None:
    assert wanted.in_text(words) == ()


PHONES = {
    ("(619) 233-4712", False): ["+16192334712"],
    ("619.233.4712", True): ["+16192334712"],
    ("33 1284 5590", True): ["+523312845590"],
    ("55 3944 7102", False): ["+525539447102"],
    ("+52 1 664 187 3390", True): ["+526641873390"],
    ("044 664 187 3390", True): ["+526641873390"],
    ("+1-604-321-4567", False): ["+16043214567"],
    ("559 4 45 21 07", False): ["+15594452107"],
    ("760 – 942 – 6638", False): ["+17609426638"],
    ("seis ocho seis uno cinco dos cuarenta y cuatro diez", True): ["+526861524410"],
    ("Fax (213) 489-6612", False): [],
    ("Tel. (213) 489-6611   Fax (213) 489-6612", False): ["+12134896611"],
    ("5-83-21-17", True): [],
    ("folio 6641873390", True): [],
    ("2024-05-20 to 2024-05-23", False): [],
    ("born 4-17-92 702 433 0111", False): ["+17024330111"],
    ("call 619 233 4712 not 619 233 4713", False): ["+16192334712"],
}


@pytest.mark.parametrize(("words", "mexican"), PHONES)
def test_a_phone_is_read_in_its_country(words: str, mexican: bool) -> None:
    assert [p.number for p in contacts.phones(words, mexican=mexican)] == PHONES[words, mexican]


ADDRESSES = {
    "I live at 5514 County Road 312, Brenham, TX 77833, call me": "5514 County Road 312, Brenham, TX 77833",
    "PO Box 733, Lovington NM 88260": "PO Box 733, Lovington NM 88260",
    "24 Rue Champlain, Dieppe, NB E1A 1N3": "24 Rue Champlain, Dieppe, NB E1A 1N3",
    "1417 Larkspur Court\nMinot, North Dakota 58701": "1417 Larkspur Court Minot, North Dakota 58701",
    "7740 Greenhaven Dr #14, Sacramento, CA 95831": "7740 Greenhaven Dr #14, Sacramento, CA 95831",
    "Mi domicilio es Calle Morelos 317, Col. Centro, 83180 Hermosillo, Son. Mi celular": "Calle Morelos 317, Col. Centro, 83180 Hermosillo, Son",
    "vivo en Loma Larga 2210, Col. Obispado, Monterrey, N.L. 64060": "Loma Larga 2210, Col. Obispado, Monterrey, N.L. 64060",
}


@pytest.mark.parametrize("words", ADDRESSES)
def test_an_address_is_kept_as_written(words: str) -> None:
    got = contacts.postal_address(words)

    assert got is not None
    assert got[0] == ADDRESSES[words]


KINDS = {
    "Please stop, I no longer need the records. The clinic gave me everything.": "withdrawal",
    "Por este medio dejo sin efecto la autorización que firmé.": "withdrawal",
    "Never mind about the records, I'm not going ahead with the second opinion.": "withdrawal",
    "Ya no hace falta que sigan, me entregaron todo.": "withdrawal",
    "Any news on my request? I have heard nothing since May.": "status_inquiry",
    "¿En qué va mi solicitud? Sigo esperando.": "status_inquiry",
    "How much is a tummy tuck and does it include the hotel?": "other",
    "Quiero una cotización para la manga gástrica.": "other",
    "My card was charged twice for the deposit, please refund one.": "other",
    "I need my operative report from Clinica Luz. Ana Maria Bell, born May 2, 1970.": "request",
    "Necesito mis radiografías de la Clínica Luz. Ana María Bell, nacida el 2 de mayo de 1970.": "request",
    "Win a free audit! Click here to verify your mailbox. Unsubscribe anytime, special offer.": "junk",
    "En respuesta a su oficio les informamos que no se encontró registro. Quedamos a sus órdenes.": "provider_reply",
}


@pytest.mark.parametrize("words", KINDS)
def test_the_kind_is_told_by_the_words(words: str) -> None:
    assert fields(words)["kind"] == KINDS[words]


LABELS = {
    "Patient's legal name": "patient_name", "Nombre del paciente": "patient_name", "Who": "patient_name", "F. de nacimiento": "date_of_birth", "Brith date": "date_of_birth",
    "Dates of service": "treatment_dates", "Fecha de cirugía": "treatment_dates", "Name of provider or clinic (if known)": "providers", "Médico": "providers", "Dónde": "providers",
    "Description of the records": "records", "Lo que se pide": "records", "Qué necesito": "records", "Cell": "phones", "Teléfono de contacto": "phones", "Correo electrónico": "emails", "Mailing address": "postal_address",
}  # fmt: skip


@pytest.mark.parametrize("words", LABELS)
def test_a_label_is_known_by_its_words(words: str) -> None:
    assert label_of(words) == LABELS[words]


@pytest.mark.parametrize(
    "words",
    [
        "Thank you",
        "Dear Sir",
        "Subject",
        "I went home",
        "Note",
        "Asunto",
        "Hospital San Telmo is nice",
    ],
)
def test_a_sentence_is_no_label(words: str) -> None:
    assert label_of(words) is None


def test_a_name_in_capitals_gets_its_natural_case() -> None:
    assert names.cleaned("MARÍA DE LA LUZ O'NEIL-PEÑA") == "María de la Luz O'Neil-Peña"


# --- properties ---

MONTHS_EN = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
MONTHS_ES = [
    "enero",
    "febrero",
    "marzo",
    "abril",
    "mayo",
    "junio",
    "julio",
    "agosto",
    "septiembre",
    "octubre",
    "noviembre",
    "diciembre",
]
WAYS = (
    lambda d: f"{MONTHS_EN[d.month - 1]} {d.day}, {d.year}",
    lambda d: f"{d.day} {MONTHS_EN[d.month - 1][:3]} {d.year}",
    lambda d: f"{d.day} de {MONTHS_ES[d.month - 1]} de {d.year}",
    lambda d: f"{d.day} de {MONTHS_ES[d.month - 1]} del {d.year}",
    lambda d: d.isoformat(),
    lambda d: f"{d.day}-{MONTHS_ES[d.month - 1][:3].upper()}-{d.year}",
    lambda d: f"the {d.day}th of {MONTHS_EN[d.month - 1]}, {d.year}",
)
DAYS = st.dates(date(1930, 1, 1), date(2025, 6, 1))


@given(DAYS, st.sampled_from(WAYS))
def test_a_day_reads_back_from_every_notation(day: date, way: object) -> None:
    [dated] = found(f"x {way(day)} x", TODAY)  # type: ignore[operator]

    assert dated.readings == ((day, day),)


@given(DAYS, st.integers(1, 20), st.sampled_from(WAYS))
def test_a_stay_reads_back_from_every_notation(day: date, nights: int, way: object) -> None:
    last = day + timedelta(days=nights)

    [dated] = found(f"x {way(day)} to {way(last)} x", TODAY)  # type: ignore[operator]

    assert dated.readings == ((day, last),)


@given(st.text(max_size=300))
def test_numbers_in_words_lead_back_to_their_place(text: str) -> None:
    changed = plain(text, TODAY)

    for n in range(len(changed.text)):
        start, end = changed.span(n, n + 1)
        assert 0 <= start <= end <= len(text)


REQUEST = """Hello,

My name is Clara Jane Holt and I was born on May 17, 1962. I need the operative report from Hospital Vista in Tecate, where I was from June 12 to June 15, 2023.
My phone is (619) 233-4712.

Clara Jane Holt
"""
TAILS = (
    "\nOn Mon, Jan 6, 2025 at 9:00 AM Records <records@medicalmex.example> wrote:\n> Dear Bob Stone,\n> born 3/3/1950, Hospital Otro, May 2020\n",
    "\nEl lun, 6 ene 2025 a las 9:00, Records (<records@medicalmex.example>) escribió:\n> Paciente: Bob Stone, nacido el 3 de marzo de 1950\n",
    "\nSent from my iPhone\n",
    "\nCONFIDENTIALITY NOTICE: This message dated 2/2/2019 may be privileged. Call 800-231-7754.\n",
    "\n-- \nHolt Farms - Certified Seed since 1952\n",
    "\n-----Original Message-----\nFrom: Records <records@medicalmex.example>\nSent: Monday, January 6, 2025 9:00 AM\nTo: Clara\nSubject: x\n\nPatient: Bob Stone, DOB 3/3/1950\n",
)


@pytest.mark.parametrize("tail", TAILS)
def test_a_quote_a_signature_or_a_disclaimer_changes_no_fact(tail: str) -> None:
    assert fields(REQUEST + tail) == fields(REQUEST)


def shapes() -> list[bytes]:
    html = "<html><body>" + "".join(f"<p>{p}</p>" for p in REQUEST.split("\n\n")) + "</body></html>"
    made = []
    for shape in ("plain", "html", "both", "mixed"):
        message = EmailMessage()
        message["From"] = "Clara <clara.h@gmail.com>"
        message["To"] = "records@medicalmex.example"
        message["Subject"] = "Records"
        message["Date"] = "Wed, 18 Jun 2025 10:00:00 +0000"
        if shape == "html":
            message.set_content(html, subtype="html")
        else:
            message.set_content(REQUEST, cte="base64" if shape == "mixed" else "quoted-printable")
        if shape == "both":
            message.add_alternative(html, subtype="html")
        if shape == "mixed":
            message.add_attachment(
                b"\x89PNG\r\n\x1a\n", maintype="image", subtype="png", filename="a.png"
            )
        made.append(message.as_bytes())
    return made


def test_the_same_mail_in_four_shapes_reads_the_same() -> None:
    read = [parsed("x.eml", raw) for raw in shapes()]

    assert all(r["fields"] == read[0]["fields"] and r["kind"] == "request" for r in read)
    assert read[0]["missing"] == []


@settings(max_examples=40)
@given(st.binary(max_size=3_000))
def test_any_bytes_are_one_answer(raw: bytes) -> None:
    assert parsed("x.eml", raw)["kind"]


def test_evidence_leads_to_the_words() -> None:
    said = parsed("x.eml", mail(REQUEST))
    named = {e["field"]: e["words"] for e in said["evidence"]}  # type: ignore[union-attr, index, call-overload]

    assert named["patient_name"] == "Clara Jane Holt"
    assert named["date_of_birth"] == "May 17, 1962"
    assert "operative report" in str(named["records"])
    for e in said["evidence"]:  # type: ignore[union-attr]
        if e["part"] == "text":  # type: ignore[index, call-overload]
            assert REQUEST[e["start"] : e["end"]].strip() == e["words"]  # type: ignore[index, call-overload, misc]


def test_the_clock_is_the_mails_own() -> None:
    later = datetime(2030, 1, 1, tzinfo=UTC)
    assert later.year > TODAY.year
    assert (
        fields(f"{CARE} last year.\nI need the x-rays.\n")["treatment_dates"][0]["start"]
        == "2024-01-01"
    )  # type: ignore[index]
