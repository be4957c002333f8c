"""What a provider may want of the patient, and what we tell of its final answer."""

from __future__ import annotations

from mmx_mailflow.casework.case import ProviderState
from mmx_mailflow.letters.words import Said

NEEDS: dict[str, Said] = {
    "fee": (
        (
            "It asks for a fee before it prepares the records. The provider sets this fee, not us, "
            "and it is paid to the provider. Please reply YES if we should tell it that you agree, "
            "or NO if you do not."
        ),
        (
            "Pide un pago antes de preparar los documentos. El proveedor fija ese costo, no "
            "nosotros, y se paga al proveedor. Por favor responda SÍ si debemos decirle que está "
            "de acuerdo, o NO si no lo está."
        ),
    ),
    "own_form": (
        (
            "It asks for its own form, signed by you. Please reply with the signed form attached, "
            "or ask us here for a copy of it."
        ),
        (
            "Pide su propio formulario firmado por usted. Por favor responda con el formulario "
            "firmado, o pídanos aquí una copia."
        ),
    ),
    "id": (
        (
            "It asks for a copy of an official ID. Please reply with a copy attached; you may "
            "cover everything but name, picture, signature and date of expiry."
        ),
        (
            "Pide copia de una identificación oficial. Por favor responda con la copia adjunta; "
            "puede cubrir todo menos nombre, fotografía, firma y vigencia."
        ),
    ),
    "witnesses": (
        (
            "It asks for two witnesses on the power of attorney (carta poder). Please have two "
            "adults sign it and reply with that page."
        ),
        (
            "Pide dos testigos en la carta poder. Por favor pida a dos personas adultas que la "
            "firmen y responda con esa página."
        ),
    ),
    "formality": (
        (
            "It asks for a formality before it can release the records (for example a notary or an "
            "original on paper). Please reply whether you want to do it, or with your questions."
        ),
        (
            "Pide una formalidad antes de poder entregar los documentos (por ejemplo notario u "
            "original en papel). Por favor responda si desea hacerla, o con sus preguntas."
        ),
    ),
    "clarify": (
        "It has a question about the request. Please reply with your answer.",
        "Tiene una pregunta sobre la solicitud. Por favor responda con su respuesta.",
    ),
    "pickup": (
        (
            "It gives the records only in person. Please reply whether you can go there yourself "
            "or send somebody whom you trust."
        ),
        (
            "Solo entrega los documentos en persona. Por favor responda si puede ir usted o enviar "
            "a alguien de su confianza."
        ),
    ),
}
NEWS: dict[ProviderState, Said] = {
    ProviderState.NO_RECORD: (
        (
            "It found no records under the details we gave. If the care was under another name or "
            "at another time or place, please reply with that and we can ask again."
        ),
        (
            "No encontró expediente con los datos que dimos. Si la atención fue con otro nombre o "
            "en otra fecha o lugar, por favor responda con ese dato y podemos preguntar de nuevo."
        ),
    ),
    ProviderState.DENIED: (
        (
            "It decided not to release the records. Providers keep control of their records and "
            "decide this themselves; you are free to ask the provider directly."
        ),
        (
            "Decidió no entregar los documentos. Los proveedores conservan el control de sus "
            "expedientes y lo deciden ellos; usted puede pedirlos directamente."
        ),
    ),
    ProviderState.UNRESPONSIVE: (
        (
            "It did not answer in spite of several requests, so we have ended this part. If you "
            "want us to go on asking, please reply and say so."
        ),
        (
            "No respondió a pesar de varias solicitudes, por lo que terminamos esta parte. Si "
            "desea que sigamos preguntando, por favor responda y díganoslo."
        ),
    ),
    ProviderState.PARTIAL: (
        "It sent part of the records only and says that there is no more.",
        "Envió solo una parte de los documentos y dice que no hay más.",
    ),
    ProviderState.REFERRED: (
        "It does not keep the records itself and sent us on to another provider.",
        "No conserva los documentos y nos remitió a otro proveedor.",
    ),
    ProviderState.NOT_COVERED: (
        (
            "The signed form does not cover this provider, so we may not ask it. If you want us "
            "to, please reply and we will send a new form."
        ),
        (
            "El formulario firmado no incluye a este proveedor, por lo que no podemos preguntarle. "
            "Si lo desea, por favor responda y le enviaremos otro formulario."
        ),
    ),
    ProviderState.CANCELLED: (
        "We have stopped asking this provider.",
        "Hemos dejado de preguntar a este proveedor.",
    ),
    ProviderState.COMPLETE: (
        "It has sent all the records that were asked for.",
        "Envió todos los documentos que se pidieron.",
    ),
}
