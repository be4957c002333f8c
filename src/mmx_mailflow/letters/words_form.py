"""What is said of a returned form: its defects and how to mend them, the twenty checks."""

from __future__ import annotations

from mmx_mailflow.casework.returned import CheckResult, Defect, Signature, Verdict
from mmx_mailflow.letters.words import Said

DEFECTS: dict[Defect, Said] = {
    Defect.UNSIGNED: (
        (
            "The signature is missing. Please sign the authorization where it says "
            '"Signature of the patient".'
        ),
        'Falta la firma. Por favor firme la autorización donde dice "Firma del paciente".',
    ),
    Defect.UNDATED: (
        "The date beside the signature is missing. Please write the day on which you sign.",
        "Falta la fecha junto a la firma. Por favor escriba el día en que firma.",
    ),
    Defect.DATE_FUTURE: (
        (
            "The date beside the signature lies in the future. Please write the day on which you "
            "really sign."
        ),
        (
            "La fecha junto a la firma está en el futuro. Por favor escriba el día en que "
            "realmente firma."
        ),
    ),
    Defect.DATE_BEFORE_ISSUE: (
        (
            "The date beside the signature is earlier than the form itself. Please sign and date "
            "the form again."
        ),
        (
            "La fecha junto a la firma es anterior al formulario. Por favor firme y feche el "
            "formulario de nuevo."
        ),
    ),
    Defect.EXPIRED: (
        "This form has expired. Please sign the one attached to this mail.",
        "Este formulario ya venció. Por favor firme el que va adjunto a este correo.",
    ),
    Defect.EXPIRY_MISSING: (
        (
            "The day on which the authorization ends is missing. Please do not cross it out; sign "
            "the attached form as it is."
        ),
        (
            "Falta el día en que termina la autorización. Por favor no lo tache; firme el "
            "formulario adjunto tal como está."
        ),
    ),
    Defect.WRONG_PERSON: (
        (
            "Somebody else than the patient signed. Please have the patient sign, or the legal "
            "representative in the block for representatives."
        ),
        (
            "Firmó otra persona y no el paciente. Por favor que firme el paciente, o el "
            "representante legal en el espacio para representantes."
        ),
    ),
    Defect.REP_NO_PROOF: (
        (
            "A representative signed, but the paper that shows the right to sign is missing. "
            "Please attach a copy of it (for example a birth certificate, guardianship or power of "
            "attorney)."
        ),
        (
            "Firmó un representante, pero falta el documento que lo acredita. Por favor adjunte "
            "una copia (por ejemplo acta de nacimiento, tutela o poder)."
        ),
    ),
    Defect.NAME_MISMATCH: (
        (
            "The name on the form differs from the name in the request. Please reply with the full "
            "legal name, and sign the form that shows it."
        ),
        (
            "El nombre en el formulario es distinto al de la solicitud. Por favor responda con el "
            "nombre legal completo y firme el formulario que lo muestre."
        ),
    ),
    Defect.DOB_MISMATCH: (
        (
            "The date of birth on the form differs from the one in the request. Please reply with "
            "the right one, with the month as a word."
        ),
        (
            "La fecha de nacimiento en el formulario es distinta a la de la solicitud. Por favor "
            "responda con la correcta, con el mes en letras."
        ),
    ),
    Defect.WRONG_FORM: (
        "What came is not our form. Please use the one attached to this mail.",
        "Lo que llegó no es nuestro formulario. Por favor use el adjunto a este correo.",
    ),
    Defect.OLD_VERSION: (
        "This is an earlier issue of the form. Please sign the one attached to this mail.",
        "Es una emisión anterior del formulario. Por favor firme el adjunto a este correo.",
    ),
    Defect.OTHER_CASE: (
        "The form belongs to another request. Please sign the one attached to this mail.",
        "El formulario pertenece a otra solicitud. Por favor firme el adjunto a este correo.",
    ),
    Defect.PAGE_MISSING: (
        (
            "Not every page came. Please send the missing pages; those that are here need not come "
            "again."
        ),
        (
            "No llegaron todas las páginas. Por favor envíe las que faltan; las que ya llegaron no "
            "hace falta enviarlas otra vez."
        ),
    ),
    Defect.CROPPED: (
        (
            "Part of a page is cut off. Please take the picture again so that all four corners can "
            "be seen."
        ),
        (
            "Una página salió cortada. Por favor tome la foto de nuevo de modo que se vean las "
            "cuatro esquinas."
        ),
    ),
    Defect.ILLEGIBLE: (
        (
            "A page cannot be read. Please scan it, or take the picture again in good light and "
            "from straight above."
        ),
        (
            "Una página no se puede leer. Por favor escanéela, o tome la foto de nuevo con buena "
            "luz y desde arriba."
        ),
    ),
    Defect.ALTERED: (
        (
            "The printed words of the form were changed. Please sign the attached form without "
            "changing it; what you want otherwise you can tell us in your reply."
        ),
        (
            "Se cambió el texto impreso del formulario. Por favor firme el adjunto sin cambiarlo; "
            "lo que desee distinto puede decírnoslo en su respuesta."
        ),
    ),
    Defect.NO_SCOPE: (
        (
            "It is not marked which records are meant. Please tick them in the part "
            '"Information to be released".'
        ),
        (
            "No está marcado qué documentos se piden. Por favor márquelos en la parte "
            '"Información que se entrega".'
        ),
    ),
    Defect.NO_PROVIDER: (
        (
            "No provider is named and the box for all providers of your care is not ticked. Please "
            "do one of the two."
        ),
        (
            "No se nombra ningún proveedor ni está marcada la casilla para todos los proveedores "
            "de su atención. Por favor haga una de las dos cosas."
        ),
    ),
    Defect.INITIALS_MISSING: (
        (
            "Initials are missing beside a kind of record that the law protects specially. Please "
            "write them where you want these records, and leave the others blank."
        ),
        (
            "Faltan las iniciales junto a un tipo de información que la ley protege en especial. "
            "Por favor escríbalas donde quiera esa información y deje en blanco lo demás."
        ),
    ),
    Defect.WITNESS_MISSING: (
        (
            "The power of attorney (carta poder) needs two witnesses. Please have two adults sign "
            "it with their names."
        ),
        (
            "La carta poder necesita dos testigos. Por favor pida a dos personas adultas que la "
            "firmen con su nombre."
        ),
    ),
    Defect.ID_MISSING: (
        (
            "A copy of an official ID is missing. Please attach one; you may cover everything but "
            "name, picture, signature and date of expiry."
        ),
        (
            "Falta copia de una identificación oficial. Por favor adjúntela; puede cubrir todo "
            "menos nombre, fotografía, firma y vigencia."
        ),
    ),
    Defect.ID_EXPIRED: (
        "The ID has expired. Please attach a copy of one that is valid.",
        "La identificación está vencida. Por favor adjunte copia de una vigente.",
    ),
    Defect.ID_MISMATCH: (
        (
            "The ID shows another name than the form. Please attach an ID with the same name, or "
            "tell us in your reply how the two names belong together."
        ),
        (
            "La identificación muestra un nombre distinto al del formulario. Por favor adjunte una "
            "con el mismo nombre o explíquenos en su respuesta la diferencia."
        ),
    ),
    Defect.TYPED_ONLY: (
        (
            "The name was typed where a signature is needed. Please sign by hand: on paper, or "
            "with a finger or pen on the screen."
        ),
        (
            "El nombre está escrito a máquina donde se necesita la firma. Por favor firme a mano: "
            "en papel, o con el dedo o un lápiz en la pantalla."
        ),
    ),
    Defect.LINK_ONLY: (
        (
            "You sent a link. For your safety we never open links: please attach the file itself "
            "to your reply."
        ),
        (
            "Usted envió un enlace. Por su seguridad nunca abrimos enlaces: por favor adjunte el "
            "archivo mismo a su respuesta."
        ),
    ),
    Defect.UNREADABLE_FILE: (
        "A file could not be opened. Please send the pages again as PDF or as pictures.",
        "Un archivo no se pudo abrir. Por favor envíe las páginas de nuevo en PDF o como fotos.",
    ),
    Defect.PASSWORD: (
        "A file is locked with a password. Please send it again without one.",
        "Un archivo está protegido con contraseña. Por favor envíelo de nuevo sin ella.",
    ),
    Defect.INFECTED: (
        (
            "A file was stopped by the virus check. Please scan or photograph the pages anew and "
            "send those."
        ),
        (
            "Un archivo fue detenido por el antivirus. Por favor escanee o fotografíe las páginas "
            "de nuevo y envíelas."
        ),
    ),
    Defect.DUPLICATE: (
        (
            "This file came to us before with another request. Please sign the form attached to "
            "this mail."
        ),
        (
            "Este archivo ya nos había llegado con otra solicitud. Por favor firme el formulario "
            "adjunto a este correo."
        ),
    ),
    Defect.REVOKED: (
        (
            "This authorization was revoked. If you want us to go on, please sign the form "
            "attached to this mail."
        ),
        (
            "Esta autorización fue revocada. Si desea que continuemos, por favor firme el "
            "formulario adjunto a este correo."
        ),
    ),
    Defect.CONSENT_UNSIGNED: (
        (
            "The consent to the handling of your health data (A12.6) is not signed. Please sign "
            "and date it too."
        ),
        (
            "Falta la firma del consentimiento para el tratamiento de sus datos de salud (A12.6). "
            "Por favor fírmelo y féchelo también."
        ),
    ),
    Defect.POWER_UNSIGNED: (
        (
            "The power of attorney (carta poder, Document B) is not signed by the patient. Please "
            "sign and date it too."
        ),
        (
            "La carta poder (Documento B) no está firmada por el paciente. Por favor fírmela y "
            "féchela también."
        ),
    ),
}
CHECKS: dict[int, Said] = {
    1: ("right form, version and reference", "formulario, versión y referencia correctos"),
    2: ("all pages here, legible, not cut", "todas las páginas, legibles, sin cortes"),
    3: ("name as in the request and on the ID", "nombre igual a la solicitud y la identificación"),
    4: ("same date of birth", "misma fecha de nacimiento"),
    5: ("providers or the class clause", "proveedores o la cláusula general"),
    6: ("records ticked", "documentos marcados"),
    7: ("initials for sensitive records", "iniciales para información sensible"),
    8: ("purpose", "finalidad"),
    9: ("expiry there, ahead, at most 12 months", "vencimiento futuro, máximo 12 meses"),
    10: ("signature and its kind", "firma y su tipo"),
    11: ("signed by the patient or a proven representative", "firma del paciente o representante"),
    12: ("date of signing plausible", "fecha de firma plausible"),
    13: ("nothing altered or struck out", "sin alteraciones ni tachaduras"),
    14: ("nothing added by hand that changes the scope", "sin añadidos que cambien el alcance"),
    15: ("ID attached and matching", "identificación adjunta y coincidente"),
    16: ("two witnesses where needed", "dos testigos si se requieren"),
    17: ("agent's acceptance signed", "aceptación del apoderado firmada"),
    18: ("sent by the requester", "enviado por el solicitante"),
    19: ("not used in another case", "no usado en otro caso"),
    20: ("not revoked since", "no revocado después"),
}
RESULTS: dict[CheckResult, Said] = {
    CheckResult.PASS: ("PASS", "BIEN"),
    CheckResult.FAIL: ("FAIL", "MAL"),
    CheckResult.UNSURE: ("UNSURE", "DUDA"),
    CheckResult.NOT_APPLICABLE: ("n/a", "n/a"),
}
VERDICTS: dict[Verdict, Said] = {
    Verdict.SIGNED: ("signed", "firmado"),
    Verdict.UNSIGNED: ("not signed", "sin firma"),
    Verdict.INCOMPLETE: ("incomplete: the page to sign is absent", "incompleto: falta la página"),
    Verdict.NOT_THE_FORM: ("not our form", "no es nuestro formulario"),
    Verdict.UNREADABLE: ("cannot be read", "no se puede leer"),
    Verdict.UNSURE: ("unsure: please look yourself", "dudoso: por favor revise usted"),
}
PLACES: dict[str, Said] = {
    "A13": ("signature of the patient or representative", "firma del paciente o representante"),
    "A12.6": ("consent to the handling of health data", "consentimiento de datos de salud"),
    "B2.1": ("power of attorney, the patient", "carta poder, el paciente"),
    "B2.2": ("power of attorney, the agent", "carta poder, el apoderado"),
    "B3.1": ("first witness", "primer testigo"),
    "B3.2": ("second witness", "segundo testigo"),
}
SIGNATURES: dict[Signature, Said] = {
    Signature.NONE: ("nothing", "nada"),
    Signature.TYPED: ("a typed name", "un nombre escrito a máquina"),
    Signature.DRAWN: ("drawn on the screen", "dibujada en la pantalla"),
    Signature.INK: ("ink", "tinta"),
    Signature.THUMBPRINT: ("a thumbprint", "una huella"),
    Signature.PLATFORM: ("an e-sign platform", "una plataforma de firma"),
    Signature.CRYPTOGRAPHIC: ("a cryptographic signature", "una firma criptográfica"),
    Signature.UNSURE: ("unsure, please look", "dudosa, por favor mire"),
}
