"""What is said to staff: tasks, results of commands and why, alarms, the list of commands."""

from __future__ import annotations

import re

from mmx_mailflow.casework.case import ProviderState, TaskName
from mmx_mailflow.casework.gate import EXPIRED, NOT_COVERED, TOO_OLD
from mmx_mailflow.casework.values import Language
from mmx_mailflow.letters.words import Said, choose

TASKS: dict[TaskName, Said] = {
    TaskName.TRIAGE: ("A request to look at first", "Una solicitud por revisar primero"),
    TaskName.TRUST_FAILED: ("A sender failed a check", "Un remitente no pasó una comprobación"),
    TaskName.TWO_PATIENTS: ("Two patients in one mail", "Dos pacientes en un correo"),
    TaskName.REVIEW_FORM: ("A returned form to review", "Un formulario devuelto por revisar"),
    TaskName.RESOLVE_PROVIDER: ("Find a provider's address", "Averiguar una dirección"),
    TaskName.READ_MAIL: ("A mail to read", "Un correo por leer"),
    TaskName.PROVIDER_REPLY: ("A provider answered", "Respondió un proveedor"),
    TaskName.PROVIDER_SILENT: ("A provider is silent", "Un proveedor no responde"),
    TaskName.PROVIDER_DRAFT: ("A follow-up to release", "Un seguimiento por autorizar"),
    TaskName.PROVIDER_CHANNEL: ("A provider without e-mail", "Un proveedor sin correo"),
    TaskName.CHECK_RECORDS: ("Records to check", "Documentos por revisar"),
    TaskName.CONFIRM_REVOCATION: ("Confirm a revocation", "Confirmar una revocación"),
    TaskName.CHANGE_ADDRESS: ("A change of address", "Un cambio de dirección"),
    TaskName.BOUNCED: ("A letter bounced", "Una carta fue devuelta"),
    TaskName.PHONE_PATIENT: ("Please call the patient", "Por favor llame al paciente"),
    TaskName.PROMISE: ("The form is not out yet", "El formulario aún no ha salido"),
    TaskName.UNCERTAIN_SEND: ("A letter may not have left", "Una carta quizá no salió"),
    TaskName.EMERGENCY: ("Urgent mail", "Correo urgente"),
    TaskName.UNPLANNED: ("Something unforeseen", "Algo imprevisto"),
    TaskName.MANUAL_SEND: ("A mail sent by hand", "Un correo enviado a mano"),
    TaskName.RENEW_FORM: ("A new form is needed", "Hace falta un formulario nuevo"),
}
TASK_SENTENCES: dict[TaskName, Said] = {
    TaskName.TRIAGE: (
        "A request came that may not be answered by itself. Please read it and decide.",
        "Llegó una solicitud que no puede contestarse de forma automática. Léala y decida.",
    ),
    TaskName.TRUST_FAILED: (
        (
            "The sender of a request failed a check, so nobody was answered. The days of our "
            "promise run all the same. Release it only if you are sure who wrote."
        ),
        (
            "El remitente de una solicitud no pasó una comprobación, por lo que no se contestó. "
            "El plazo corre de todos modos. Libérela solo si está seguro de quién escribió."
        ),
    ),
    TaskName.TWO_PATIENTS: (
        "One mail seems to ask for two patients. The sender was asked for whom it is.",
        "Un correo parece pedir para dos pacientes. Se preguntó al remitente para quién es.",
    ),
    TaskName.REVIEW_FORM: (
        "A form came back and waits for your review.",
        "Un formulario fue devuelto y espera su revisión.",
    ),
    TaskName.RESOLVE_PROVIDER: (
        (
            "A provider has no certain address, or the form does not cover it. "
            "Nothing goes to it until you settle that."
        ),
        (
            "Un proveedor no tiene dirección segura o el formulario no lo incluye. "
            "No se le envía nada hasta que usted lo resuelva."
        ),
    ),
    TaskName.READ_MAIL: (
        "A person must read this mail and decide.",
        "Una persona debe leer este correo y decidir.",
    ),
    TaskName.PROVIDER_REPLY: (
        (
            "A provider's office wrote. Please say what it means; records are checked for the "
            "right patient before DELIVER."
        ),
        (
            "Escribió la oficina de un proveedor. Diga qué significa; antes de ENTREGAR revise que "
            "los documentos sean del paciente correcto."
        ),
    ),
    TaskName.PROVIDER_SILENT: (
        "A provider does not answer, or we may not ask it again. Please call, or decide.",
        "Un proveedor no responde, o no podemos preguntarle de nuevo. Llame o decida.",
    ),
    TaskName.PROVIDER_DRAFT: (
        (
            "A provider has been silent for long. The next follow-up is ready and leaves only on "
            "your word."
        ),
        (
            "Un proveedor lleva mucho sin responder. El siguiente seguimiento está listo y solo "
            "sale con su palabra."
        ),
    ),
    TaskName.PROVIDER_CHANNEL: (
        "This provider is not reached by e-mail. Please send the request on its own way.",
        "A este proveedor no se le escribe por correo. Envíe la solicitud por su propia vía.",
    ),
    TaskName.CHECK_RECORDS: (
        "Records are here. Please open them, check name and birth date, then deliver.",
        "Hay documentos. Ábralos, revise nombre y fecha de nacimiento, y entregue.",
    ),
    TaskName.CONFIRM_REVOCATION: (
        "Somebody called the request off. Mail to providers is paused until you decide.",
        "Alguien canceló la solicitud. El correo a proveedores está en pausa hasta que decida.",
    ),
    TaskName.CHANGE_ADDRESS: (
        (
            "Somebody wishes that we write to another address from now on. The address that the "
            "case has was asked; until it says yes, or you do, everything goes on going there. "
            "Confirm only when you know by another way that the patient wishes it."
        ),
        (
            "Alguien desea que en adelante escribamos a otra dirección. Se preguntó a la dirección "
            "que tiene el caso; mientras no diga que sí, o usted lo diga, todo sigue yendo allí. "
            "Confirme solo si sabe por otra vía que el paciente lo desea."
        ),
    ),
    TaskName.BOUNCED: (
        "A letter could not be delivered. Please find another way to reach the addressee.",
        "Una carta no pudo entregarse. Busque otra vía para llegar al destinatario.",
    ),
    TaskName.PHONE_PATIENT: (
        "The form came back with defects twice. A call may help more than a third letter.",
        "El formulario volvió dos veces con defectos. Una llamada puede ayudar más que otra carta.",
    ),
    TaskName.PROMISE: (
        (
            "The authorization form is not out yet and the promised day comes near. "
            "SEND FORM sends it with blanks to fill in by hand."
        ),
        (
            "El formulario de autorización aún no ha salido y se acerca el día prometido. "
            "ENVIAR FORMULARIO lo envía con espacios para llenar a mano."
        ),
    ),
    TaskName.UNCERTAIN_SEND: (
        "It is not certain that a letter left. It was not repeated by itself.",
        "No es seguro que una carta haya salido. No se repitió de forma automática.",
    ),
    TaskName.EMERGENCY: (
        (
            "The mail has words of an emergency. Please read it at once; where an answer was "
            "allowed, the sender was told to call the local emergency services."
        ),
        (
            "El correo tiene palabras de una emergencia. Léalo de inmediato; donde se podía "
            "contestar, se indicó al remitente llamar a los servicios de emergencia locales."
        ),
    ),
    TaskName.UNPLANNED: (
        "Something came that no rule foresees. Please read and decide.",
        "Llegó algo que ninguna regla prevé. Léalo y decida.",
    ),
    TaskName.MANUAL_SEND: (
        "A mail to a provider was sent by hand while no valid authorization covers it.",
        "Se envió a mano un correo a un proveedor sin una autorización válida que lo incluya.",
    ),
    TaskName.RENEW_FORM: (
        (
            "The accepted form does not allow the next step: it ended, it is too old for a "
            "provider, or it does not cover it. Nothing goes to that provider before a new form is "
            "accepted."
        ),
        (
            "El formulario aceptado no permite el siguiente paso: venció, es demasiado antiguo "
            "para un proveedor o no lo incluye. No se le envía nada antes de aceptar uno nuevo."
        ),
    ),
}
NOTHING_SENT = frozenset(
    {
        TaskName.TRIAGE,
        TaskName.TRUST_FAILED,
        TaskName.REVIEW_FORM,
        TaskName.PROVIDER_REPLY,
        TaskName.PROVIDER_SILENT,
        TaskName.PROVIDER_DRAFT,
        TaskName.PROVIDER_CHANNEL,
        TaskName.BOUNCED,
        TaskName.PROMISE,
        TaskName.UNPLANNED,
    }
)
"""Tasks beside which no decision writes to the patient: only there may the letter say so."""
WHY: dict[str, Said] = {
    "not_all_understood": (
        "another line was not understood, so nothing that leaves the house was done",
        "otra línea no se entendió, por lo que no se hizo nada que salga de la oficina",
    ),
    "other_address": (
        (
            "it is not proven to come from the provider, so its files were not filed; if you know "
            "that it does, reply to this mail: {number}"
        ),
        (
            "no está probado que venga del proveedor, por lo que sus archivos no se archivaron; si "
            "sabe que así es, responda a este correo: {number}"
        ),
    ),
    "failed_check": ("a check of the form failed", "falló una comprobación del formulario"),
    "address_unconfirmed": (
        "the patient's address is not confirmed",
        "la dirección del paciente no está confirmada",
    ),
    "email_risk": (
        "the form has no initials for records by plain e-mail",
        "el formulario no tiene iniciales para recibir documentos por correo simple",
    ),
    "address_missing": ("the address is missing", "falta la dirección"),
    "already_accepted": ("the form is accepted already", "el formulario ya fue aceptado"),
    "already_there": ("this provider is in the case already", "ese proveedor ya está en el caso"),
    "case_closed": ("the case is closed", "el caso está cerrado"),
    "case_open": ("the case is open", "el caso está abierto"),
    "case_revoked": (
        "the authorization was revoked, which is final",
        "la autorización fue revocada, lo que es definitivo",
    ),
    "changed_since_shown": (
        "something changed since the mail that you replied to; please reply to the newest one",
        "algo cambió desde el correo que usted contestó; conteste el más reciente",
    ),
    "code_unknown": ("nothing waits for this code", "nada espera ese código"),
    "codes_missing": ("please name at least one defect", "indique al menos un defecto"),
    "date_missing": (
        "the date is missing (write 2027-03-04)",
        "falta la fecha (escriba 2027-03-04)",
    ),
    "date_not_ahead": ("the date is not ahead", "la fecha no es futura"),
    "name_missing": ("the name is missing", "falta el nombre"),
    "no_authorization": (
        "no accepted authorization: nothing may go to a provider",
        "no hay autorización aceptada: nada puede enviarse a un proveedor",
    ),
    "no authorization was accepted": (
        "no authorization was accepted",
        "no hay autorización aceptada",
    ),
    "the authorization was taken back": (
        "the authorization was taken back, or its revocation waits to be confirmed",
        "la autorización fue revocada, o su revocación espera confirmación",
    ),
    EXPIRED: (EXPIRED, "la autorización venció"),
    TOO_OLD: (TOO_OLD, "la autorización es más antigua de lo que acepta este proveedor"),
    NOT_COVERED: (NOT_COVERED, "la autorización no incluye a este proveedor"),
    "the provider has no settled address": (
        "the provider has no settled address",
        "el proveedor no tiene dirección segura",
    ),
    "no_form_waits": ("no form waits for review", "ningún formulario espera revisión"),
    "no_such_case": ("there is no case of this reference", "no hay caso con esa referencia"),
    "no_such_choice": ("there is no such choice in the list", "esa opción no está en la lista"),
    "no_such_provider": ("the case has no such provider", "el caso no tiene ese proveedor"),
    "not_in_this_thread": (
        "this belongs in a reply to the list of held mail",
        "esto va en una respuesta a la lista de correo retenido",
    ),
    "not_outside_a_thread": (
        "this belongs in a reply to a mail about a case",
        "esto va en una respuesta a un correo sobre un caso",
    ),
    "not_ready": (
        "the provider's address is not settled, or the form does not cover it",
        "la dirección del proveedor no es segura, o el formulario no lo incluye",
    ),
    "nothing_held": ("nothing waits to be released", "nada espera ser liberado"),
    "nothing_to_deliver": ("no file waits to be delivered", "ningún archivo espera entrega"),
    "nothing_to_undo": ("nothing can be undone any more", "ya no hay nada que deshacer"),
    "outcome_unknown": ("this outcome is not known", "ese resultado no existe"),
    "sender_failed": (
        "the sender failed a check: RELEASE the case first",
        "el remitente no pasó una comprobación: primero use LIBERAR",
    ),
    "still_held": (
        "it cannot be taken as a patient's mail and stays held",
        "no puede tomarse por correo de un paciente y sigue retenido",
    ),
    "unknown_field": ("this item cannot be set", "ese dato no se puede poner"),
    "value_not_understood": ("the value was not understood", "el valor no se entendió"),
    "words_missing": ("the words are missing", "falta el texto"),
}
BECAUSE: dict[str, Said] = {
    "reference": ("it names the reference", "menciona la referencia"),
    "sender": ("the sender belongs to the case", "el remitente pertenece al caso"),
    "name": ("it names the patient", "menciona al paciente"),
    "birth_date": ("it has the birth date", "trae la fecha de nacimiento"),
    "provider_domain": ("the sender's domain is a provider's", "el dominio es de un proveedor"),
    "surname": ("it has a surname of the patient", "trae un apellido del paciente"),
    "provider": ("it names a provider", "menciona a un proveedor"),
}
DONE: dict[str, Said] = {
    "done": ("DONE", "HECHO"),
    "refused": ("REFUSED", "RECHAZADO"),
    "unknown": ("NOT UNDERSTOOD", "NO ENTENDIDO"),
    "waiting": ("NOT YET, please confirm", "AÚN NO, por favor confirme"),
}
ALARMS: dict[str, Said] = {
    "promise": (
        "A form is not out and the promised day comes near",
        "Un formulario no ha salido y se acerca el día prometido",
    ),
    "form_unsent": ("A form that was decided has not left", "Un formulario no ha salido"),
    "provider_unsent": (
        "A submission has not left for a business day",
        "Una solicitud a un proveedor lleva un día hábil sin salir",
    ),
    "provider_unreachable": ("A provider cannot be reached", "No se puede llegar a un proveedor"),
    "parked": (
        "A mail was set aside after three failures",
        "Un correo se apartó tras tres fallas",
    ),
    "withheld": (
        "The mail server lists a mail and does not give it; it is parked",
        "El servidor de correo anuncia un correo y no lo entrega; quedó apartado",
    ),
    "balance": (
        "Mailbox and ledger do not agree",
        "El buzón y el registro no coinciden",
    ),
    "mailbox": ("The mailbox cannot be read", "No se puede leer el buzón"),
    "smtp": ("Mail cannot be sent", "No se puede enviar correo"),
    "caps": (
        "A limit on answers was reached; mail waits for a person",
        "Se alcanzó un límite de respuestas; hay correo que espera a una persona",
    ),
    "manual_send": (
        "A mail to a provider was sent by hand without authorization",
        "Se envió a mano un correo a un proveedor sin autorización",
    ),
    "deadline": (
        "What was due in a case could not be done",
        "No se pudo hacer lo que tocaba en un caso",
    ),
    "staff_bounce": ("A mail to staff bounced", "Un correo al equipo fue devuelto"),
    "staff_unproven": (
        "A mail in your name came without proof and was held",
        "Llegó un correo a su nombre sin prueba y quedó retenido",
    ),
    "emergency": (
        "A mail speaks of an emergency; please look at once",
        "Un correo habla de una emergencia; véalo de inmediato",
    ),
    "gate": (
        "A letter to a provider was stopped: no authorization covers it now",
        "Se detuvo una carta a un proveedor: ninguna autorización la cubre ahora",
    ),
    "uncertain": (
        "It is not known whether a letter to a provider left; please decide",
        "No se sabe si salió una carta a un proveedor; por favor decida",
    ),
}
LABELS: dict[str, Said] = {
    "state": ("State", "Estado"),
    "whose_turn": ("Whose turn", "A quién le toca"),
    "sender": ("Sender", "Remitente"),
    "form_due": ("Form due", "Formulario a más tardar"),
    "next_due": ("Next", "Siguiente"),
    "provider": ("Provider", "Proveedor"),
    "task": ("Task", "Tarea"),
    "patient_name": ("Patient", "Paciente"),
    "date_of_birth": ("Date of birth", "Fecha de nacimiento"),
    "treatment_dates": ("Treatment", "Tratamiento"),
    "records": ("Records", "Documentos"),
    "providers": ("Providers", "Proveedores"),
    "emails": ("E-mail", "Correo"),
    "phones": ("Telephone", "Teléfono"),
    "postal_address": ("Address", "Domicilio"),
}
COUNTS: dict[str, Said] = {
    "open": ("open cases", "casos abiertos"),
    "new": ("new cases", "casos nuevos"),
    "closed": ("closed cases", "casos cerrados"),
    "patient": ("waiting for the patient", "esperan al paciente"),
    "provider": ("waiting for a provider", "esperan a un proveedor"),
    "staff": ("waiting for staff", "esperan al equipo"),
    "us": ("waiting for the service", "esperan al servicio"),
    "nobody": ("waiting for nobody", "no esperan a nadie"),
    "held": ("held mails", "correos retenidos"),
    "parked": ("parked mails", "correos apartados"),
    "junk": ("junk mails", "correos no deseados"),
    "tasks": ("open tasks", "tareas abiertas"),
    "outbox": ("letters waiting", "cartas en espera"),
    "due_for_purge": (
        "kept long enough: `mmx-mailflow purge` deletes them",
        "guardados el tiempo debido: `mmx-mailflow purge` los borra",
    ),
}
PROVIDER_NAMES: dict[ProviderState, Said] = {
    ProviderState.UNRESOLVED: ("address unknown", "sin dirección"),
    ProviderState.READY: ("ready", "lista"),
    ProviderState.SENT: ("sent", "enviada"),
    ProviderState.ACKNOWLEDGED: ("acknowledged", "con acuse"),
    ProviderState.PROMISED: ("promised", "con fecha prometida"),
    ProviderState.NEEDS_PATIENT: ("needs the patient", "requiere al paciente"),
    ProviderState.NEEDS_STAFF: ("needs staff", "requiere al equipo"),
    ProviderState.IN_TRANSIT: ("in transit", "en camino"),
    ProviderState.RECEIVED: ("received", "recibido"),
    ProviderState.COMPLETE: ("complete", "completo"),
    ProviderState.PARTIAL: ("partial", "parcial"),
    ProviderState.NO_RECORD: ("no record", "sin expediente"),
    ProviderState.DENIED: ("denied", "negado"),
    ProviderState.REFERRED: ("referred", "remitido a otro"),
    ProviderState.UNRESPONSIVE: ("unresponsive", "sin respuesta"),
    ProviderState.CANCELLED: ("cancelled", "cancelado"),
    ProviderState.NOT_COVERED: ("not covered by the form", "no incluido en el formulario"),
}
HELP: tuple[Said, ...] = (
    ("SHOW", "VER"),
    ("SET name = ... (name, dob, dates, provider, records, contact)", "PONER nombre = ..."),
    ("ASK item, item: your question", "PREGUNTAR dato, dato: su pregunta"),
    ("ID OK", "IDENTIDAD OK"),
    ("SEND FORM", "ENVIAR FORMULARIO"),
    ("APPROVE", "APROBAR"),
    ("REJECT UNSIGNED, UNDATED: a note", "RECHAZAR UNSIGNED, UNDATED: una nota"),
    ("ADD PROVIDER name <address>", "AGREGAR PROVEEDOR nombre <dirección>"),
    ("PROVIDER 1 = 2", "PROVEEDOR 1 = 2"),
    ("PROVIDER 1 = office@hospital...", "PROVEEDOR 1 = oficina@hospital..."),
    ("PROVIDER 1 SEND", "PROVEEDOR 1 SEND"),
    ("DELIVER 1", "ENTREGAR 1"),
    ("TELL PATIENT: ... END", "DECIR AL PACIENTE: ... FIN"),
    ("NOTE: ...", "NOTA: ..."),
    ("HOLD 2027-03-04", "PAUSAR 2027-03-04"),
    ("RESUME", "REANUDAR"),
    ("RELEASE", "LIBERAR"),
    ("CLOSE outcome", "CERRAR resultado"),
    ("REOPEN", "REABRIR"),
    ("UNDO", "DESHACER"),
    ("CONFIRM code", "CONFIRMAR código"),
)
_VERBS: tuple[Said, ...] = (
    ("TELL PATIENT", "DECIR AL PACIENTE"),
    ("ADD PROVIDER", "AGREGAR PROVEEDOR"),
    ("SEND FORM", "ENVIAR FORMULARIO"),
    ("ID OK", "IDENTIDAD OK"),
    ("PROVIDER", "PROVEEDOR"),
    ("APPROVE", "APROBAR"),
    ("REJECT", "RECHAZAR"),
    ("DELIVER", "ENTREGAR"),
    ("RELEASE", "LIBERAR"),
    ("CONFIRM", "CONFIRMAR"),
    ("RESUME", "REANUDAR"),
    ("REOPEN", "REABRIR"),
    ("CLOSE", "CERRAR"),
    ("HOLD", "PAUSAR"),
    ("NOTE", "NOTA"),
    ("SHOW", "VER"),
    ("HELP", "AYUDA"),
    ("UNDO", "DESHACER"),
    ("ASK", "PREGUNTAR"),
    ("SET", "PONER"),
)


def task_name(task: str, language: Language) -> str:
    """The fixed words for a task, without anything of the case."""
    return choose(TASKS[TaskName(task)], language)


def command(line: str, language: Language) -> str:
    """A line to reply with, its verb in the language of the staff."""
    if language == Language.EN:
        return line
    for english, spanish in _VERBS:
        if re.match(rf"{english}\b", line):
            return re.sub(r" END$", " FIN", spanish + line.removeprefix(english))
    return line


def why(code: str, language: Language) -> str:
    """The reason for which a line was not done; words that are no code stand as they are."""
    name, _, number = code.removeprefix("confirm:").removeprefix("gate:").partition(":")
    found = WHY.get(name)
    return choose(found, language).replace("{number}", number) if found else code


def named(table: dict[str, Said], key: str, language: Language) -> str:
    """The words for a key, or the key itself made readable."""
    found = table.get(key)
    return choose(found, language) if found else key.replace("_", " ")
