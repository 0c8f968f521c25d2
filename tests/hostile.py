"""Requests with files of 16 MiB that mean harm: each keeps a program busy that reads a PDF, or a form, as such."""

MIB = 1024 * 1024


def make_form(content: bytes) -> bytes:
    """What a browser sends for the form of the page that checks copies."""
    named = b'Content-Disposition: form-data; name="file"; filename="copy.pdf"'
    return b"--x\r\n" + named + b"\r\nContent-Type: application/pdf\r\n\r\n" + content + b"\r\n--x--\r\n"


def make_hostile(copy: bytes) -> list[tuple[bytes, str]]:
    """Bodies, each with its media type; one of them begins as a copy."""
    return [
        (b"%PDF-2.0\n" + b"/Name /mailmart-privacy /R 1 >> " * (16 * MIB // 33), "application/pdf"),
        (b"%PDF-2.0\n" + b"/Encrypt        " * (MIB - 1), "application/pdf"),
        (make_form(b"\r\n--x\r\n\r\n" * MIB), "multipart/form-data; boundary=x"),
        (copy + b"\n9 0 obj" * MIB, "application/pdf"),
    ]
