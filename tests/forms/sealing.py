"""Signing a PDF with a certificate, as a patient's program or a platform does."""

from __future__ import annotations

import io
import warnings
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise

from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers
from pyhanko_certvalidator.registry import SimpleCertificateStore
from pypdf import PdfReader, PdfWriter
from reportlab.pdfgen.canvas import Canvas
from tests.forms.returns import BOX, FACTS, LINE, PDF, saved

BOX_OF_A13 = (BOX.x + 8, BOX.y + 4, BOX.x + 200, BOX.y + 38)


@cache
def signer() -> signers.SimpleSigner:
    """A certificate that somebody made for himself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Pepita Ejemplo")])
    start = datetime(2026, 1, 1, tzinfo=UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=900))
        .sign(key, hashes.SHA256())
    )
    der = key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return signers.SimpleSigner(
        signing_cert=asn1_x509.Certificate.load(made.public_bytes(serialization.Encoding.DER)),
        signing_key=asn1_keys.PrivateKeyInfo.load(der),
        cert_registry=SimpleCertificateStore(),
    )


def sealed(
    pdf: bytes = PDF,
    *,
    at: tuple[float, float, float, float] | None = BOX_OF_A13,
    page: int = BOX.page - 1,
    field: str = "Signature1",
    pades: bool = True,
) -> bytes:
    """The file signed with a certificate; `at` None makes a signature that shows nowhere."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        writer = IncrementalPdfFileWriter(io.BytesIO(pdf), strict=False)
        spec = fields.SigFieldSpec(sig_field_name=field, on_page=page, box=at)
        fields.append_signature_field(writer, spec)
        sort = (
            fields.SigSeedSubFilter.PADES if pades else fields.SigSeedSubFilter.ADOBE_PKCS7_DETACHED
        )
        meta = signers.PdfSignatureMetadata(field_name=field, subfilter=sort, md_algorithm="sha256")
        target = io.BytesIO()
        signers.PdfSigner(meta, signer()).sign_pdf(writer, output=target)
    return target.getvalue()


def changed(pdf: bytes, field: str, value: str) -> bytes:
    """A value typed after signing, in an update of its own behind the signed bytes."""
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf), strict=False)
    root = writer.root["/AcroForm"]["/Fields"]
    for reference in root:
        item = reference.get_object()
        if item.get("/T") == field:
            item["/V"] = generic.TextStringObject(value)
            writer.mark_update(reference)
    target = io.BytesIO()
    writer.write(target)
    return target.getvalue()


AUDIT = (
    "Certificate Of Completion",
    "Envelope Id: 3F2504E0-4F89-11D3-9A0C-0305E82C3301    Status: Completed",
    f"Subject: Complete with DocuSign: {FACTS.ref}-authorization.pdf",
    "Signer Events: Pepita Ejemplo, pepita@home.example, IP Address 192.0.2.7",
    "Signed: 24/11/2026 | 10:12:44 AM",
)


def with_pages(pdf: bytes, *texts: tuple[str, ...]) -> bytes:
    """The file with pages of text behind it."""
    writer = PdfWriter()
    writer.append(io.BytesIO(pdf))
    for lines in texts:
        writer.append(io.BytesIO(page_of(lines)))
    return saved(writer)


def page_of(lines: tuple[str, ...]) -> bytes:
    target = io.BytesIO()
    canvas = Canvas(target, pagesize=(612, 792))
    for n, words in enumerate(lines):
        canvas.drawString(60, 720 - 22 * n, words)
    canvas.save()
    return target.getvalue()


def over_a13(
    pdf: bytes = PDF, *, words: str = "", pen: bool = False, size: int = 12, header: str = ""
) -> bytes:
    """The file with words or strokes made a part of the page with A13."""
    target = io.BytesIO()
    canvas = Canvas(target, pagesize=(612, 792))
    canvas.setFont("Times-Italic", size)
    if words:
        canvas.drawString(BOX.x + 30, BOX.y + 14, words)
    if header:
        canvas.drawString(200, 776, header)
    if pen:
        canvas.setLineWidth(1.5)
        for (x1, y1), (x2, y2) in pairwise(LINE):
            canvas.line(x1, y1, x2, y2)
    canvas.save()
    writer = PdfWriter(io.BytesIO(pdf))
    writer.pages[BOX.page - 1].merge_page(PdfReader(io.BytesIO(target.getvalue())).pages[0])
    return saved(writer)
