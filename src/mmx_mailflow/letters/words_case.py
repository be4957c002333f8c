"""What is said of facts, states, turns, providers and results of a case."""

from __future__ import annotations

from mmx_mailflow.casework.case import ProviderState, Result, State, Turn
from mmx_mailflow.casework.facts import FactName
from mmx_mailflow.letters.words import Said

FACTS: dict[FactName, Said] = {
    FactName.PATIENT_NAME: ("the patient's full legal name", "el nombre legal completo"),
    FactName.DATE_OF_BIRTH: ("the date of birth", "la fecha de nacimiento"),
    FactName.TREATMENT_DATES: (
        "the approximate dates of treatment",
        "las fechas aproximadas del tratamiento",
    ),
    FactName.RECORDS: (
        "a description of the records you want",
        "una descripción de los documentos que desea",
    ),
    FactName.PROVIDERS: ("the provider or clinic", "el proveedor o la clínica"),
    FactName.EMAILS: ("an e-mail address", "un correo electrónico"),
    FactName.PHONES: ("a telephone number", "un número de teléfono"),
    FactName.POSTAL_ADDRESS: ("a postal address", "un domicilio"),
}
ASKS: dict[FactName, Said] = {
    FactName.PATIENT_NAME: (
        "Full legal name of the patient, as on an official ID (all given names and surnames).",
        (
            "Nombre legal completo del paciente, como en su identificación oficial "
            "(nombres y los dos apellidos)."
        ),
    ),
    FactName.DATE_OF_BIRTH: (
        'Date of birth, with the month as a word (for example "7 May 1970").',
        'Fecha de nacimiento, con el mes en letras (por ejemplo "7 de mayo de 1970").',
    ),
    FactName.TREATMENT_DATES: (
        'Approximate dates of the treatment (a month or a year is enough, "spring 2024" too).',
        'Fechas aproximadas del tratamiento (basta un mes o un año; también "primavera de 2024").',
    ),
    FactName.RECORDS: (
        'Which records you want (for example "operative report and lab results", or "everything").',
        (
            "Qué documentos desea (por ejemplo "
            '"nota operatoria y resultados de laboratorio", o "todo").'
        ),
    ),
    FactName.PROVIDERS: (
        "Name of the provider or clinic, only if you know it.",
        "Nombre del proveedor o la clínica, solo si lo sabe.",
    ),
    FactName.EMAILS: (
        "The e-mail address at which you want to be reached.",
        "El correo electrónico en el que desea recibir respuesta.",
    ),
    FactName.PHONES: (
        "A telephone number at which you can be reached.",
        "Un número de teléfono en el que podamos localizarle.",
    ),
    FactName.POSTAL_ADDRESS: ("Your postal address.", "Su domicilio postal."),
}
CHOICES: dict[FactName, Said] = {
    FactName.PATIENT_NAME: (
        "Which name is the patient's full legal name?",
        "¿Cuál es el nombre legal completo del paciente?",
    ),
    FactName.DATE_OF_BIRTH: (
        "Which date of birth is right?",
        "¿Cuál es la fecha de nacimiento correcta?",
    ),
    FactName.TREATMENT_DATES: (
        "When was the treatment, approximately?",
        "¿Cuándo fue el tratamiento, aproximadamente?",
    ),
    FactName.RECORDS: ("Which records do you want?", "¿Qué documentos desea?"),
    FactName.PROVIDERS: ("Which provider or clinic was it?", "¿Qué proveedor o clínica fue?"),
    FactName.EMAILS: ("Which e-mail address is right?", "¿Qué correo electrónico es correcto?"),
    FactName.PHONES: ("Which telephone number is right?", "¿Qué teléfono es correcto?"),
    FactName.POSTAL_ADDRESS: ("Which postal address is right?", "¿Qué domicilio es correcto?"),
}
STATES: dict[State, Said] = {
    State.TRIAGE: ("our staff are looking at it", "nuestro equipo la está revisando"),
    State.INTAKE: ("we still need some information", "aún nos falta información"),
    State.AWAITING_SIGNATURE: (
        "the authorization form waits for the signature",
        "el formulario de autorización espera la firma",
    ),
    State.FORM_REVIEW: (
        "our staff are checking the signed form",
        "nuestro equipo revisa el formulario firmado",
    ),
    State.RESOLVING_PROVIDERS: (
        "the form is accepted; we are preparing the requests to the providers",
        "el formulario fue aceptado; preparamos las solicitudes a los proveedores",
    ),
    State.IN_PROGRESS: (
        "the providers have been asked",
        "ya se pidió el expediente a los proveedores",
    ),
    State.AWAITING_PATIENT: (
        "a provider needs something of the patient",
        "un proveedor necesita algo del paciente",
    ),
    State.DELIVERING: (
        "our staff are checking what a provider sent",
        "nuestro equipo revisa lo que envió un proveedor",
    ),
    State.CLOSED: ("closed", "cerrada"),
    State.PURGED: ("closed and deleted", "cerrada y eliminada"),
}
TURNS: dict[Turn, Said] = {
    Turn.PATIENT: ("It is your turn", "Le toca a usted"),
    Turn.PROVIDER: ("It is the providers' turn", "Les toca a los proveedores"),
    Turn.STAFF: ("It is our staff's turn", "Le toca a nuestro equipo"),
    Turn.US: ("It is our turn", "Nos toca a nosotros"),
    Turn.NOBODY: ("It is nobody's turn", "No le toca a nadie"),
}
TURN_NAMES: dict[Turn, Said] = {
    Turn.PATIENT: ("patient", "paciente"),
    Turn.PROVIDER: ("provider", "proveedor"),
    Turn.STAFF: ("staff", "equipo"),
    Turn.US: ("the service", "el servicio"),
    Turn.NOBODY: ("nobody", "nadie"),
}
PROVIDERS: dict[ProviderState, Said] = {
    ProviderState.UNRESOLVED: (
        "we are finding out its address",
        "estamos averiguando su dirección",
    ),
    ProviderState.READY: ("the request is about to be sent", "la solicitud está por enviarse"),
    ProviderState.SENT: (
        "the request was sent; no answer yet",
        "la solicitud fue enviada; aún sin respuesta",
    ),
    ProviderState.ACKNOWLEDGED: (
        "it confirmed that it has the request",
        "confirmó que recibió la solicitud",
    ),
    ProviderState.PROMISED: ("it named a day for its answer", "indicó un día para responder"),
    ProviderState.NEEDS_PATIENT: ("it needs something of you", "necesita algo de usted"),
    ProviderState.NEEDS_STAFF: (
        "it answered; our staff are settling what it asks",
        "respondió; nuestro equipo atiende lo que pide",
    ),
    ProviderState.IN_TRANSIT: ("the records are on their way", "los documentos van en camino"),
    ProviderState.RECEIVED: (
        "it sent records; our staff are checking them",
        "envió documentos; nuestro equipo los revisa",
    ),
    ProviderState.COMPLETE: ("finished, it sent all records", "concluido, envió todo"),
    ProviderState.PARTIAL: (
        "finished, it sent part of the records",
        "concluido, envió una parte de los documentos",
    ),
    ProviderState.NO_RECORD: (
        "finished, it found no records under the details given",
        "concluido, no encontró expediente con los datos indicados",
    ),
    ProviderState.DENIED: (
        "finished, it decided not to release the records",
        "concluido, decidió no entregar los documentos",
    ),
    ProviderState.REFERRED: (
        "finished, it sent us on to another provider",
        "concluido, nos remitió a otro proveedor",
    ),
    ProviderState.UNRESPONSIVE: (
        "finished, it did not answer in spite of several requests",
        "concluido, no respondió a pesar de varias solicitudes",
    ),
    ProviderState.CANCELLED: ("stopped", "detenido"),
    ProviderState.NOT_COVERED: (
        "not covered by the signed form, so we may not ask it",
        "no está incluido en el formulario firmado, por lo que no podemos preguntarle",
    ),
}
RESULTS: dict[Result, Said] = {
    Result.COMPLETED: (
        "Every provider has sent its records, and we have passed them on to you.",
        "Todos los proveedores enviaron sus documentos y se los hemos entregado.",
    ),
    Result.PARTIAL: (
        "We could obtain part of the records. The list below says what each provider answered.",
        (
            "Pudimos obtener una parte de los documentos. "
            "La lista de abajo dice qué respondió cada proveedor."
        ),
    ),
    Result.UNOBTAINABLE: (
        (
            "We are sorry: no provider has given us records. "
            "The list below says what each of them answered."
        ),
        (
            "Lo sentimos: ningún proveedor nos entregó documentos. "
            "La lista de abajo dice qué respondió cada uno."
        ),
    ),
    Result.WITHDRAWN: (
        "The request was withdrawn, as you wished.",
        "La solicitud se retiró, como usted lo pidió.",
    ),
    Result.REVOKED: (
        "The authorization was revoked, so we do nothing more under it.",
        "La autorización fue revocada, por lo que ya no hacemos nada con ella.",
    ),
    Result.ABANDONED: (
        (
            "The signed form did not reach us, so we have closed the request. "
            "Nothing was sent to any provider."
        ),
        (
            "El formulario firmado no nos llegó, por lo que cerramos la solicitud. "
            "No se envió nada a ningún proveedor."
        ),
    ),
    Result.OUT_OF_SCOPE: (
        (
            "We can help only with records of services that were coordinated through us, and this "
            "care was not. Please ask the provider directly: it keeps the records."
        ),
        (
            "Solo podemos ayudar con expedientes de servicios coordinados por nosotros, y esta "
            "atención no lo fue. Por favor pídalo directamente al proveedor: él tiene el "
            "expediente."
        ),
    ),
    Result.DUPLICATE: (
        "This request is the same as another one of yours, which goes on under its own reference.",
        "Esta solicitud es igual a otra suya, que sigue su curso con su propia referencia.",
    ),
    Result.REFUSED_IDENTITY: (
        "We could not confirm who asks for the records, so we cannot go on.",
        "No pudimos confirmar quién pide los documentos, por lo que no podemos continuar.",
    ),
    Result.CONTACT_LOST: (
        "Our mails to you came back, so we have closed the request.",
        "Nuestros correos a usted fueron devueltos, por lo que cerramos la solicitud.",
    ),
}
