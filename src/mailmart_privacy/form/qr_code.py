"""An address → its QR code (ISO/IEC 18004), drawn as SVG."""

from ..errors import MissingExtraError

_MASK = 0  # fixed, since another version of the library might choose another of the eight
_QUIET = 4  # modules of white around the code (ISO/IEC 18004, 6.3.8)


def draw_qr_code(address: str) -> str:
    """Draw the QR code of an address, with the white around it that readers need.

    Args:
        address: in ASCII.

    Returns:
        An SVG element; its title names the address.

    Raises:
        MissingExtraError: segno is not installed.
    """
    try:
        import segno
    except ImportError:
        raise MissingExtraError("form", "segno") from None

    code = segno.make_qr(address, error="m", mask=_MASK, boost_error=False)
    size = len(code.matrix) + 2 * _QUIET
    path = "".join(
        f"M{x + _QUIET} {y + _QUIET}h1v1h-1z" for y, row in enumerate(code.matrix) for x, dark in enumerate(row) if dark
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}"><title>QR code of {address}</title>'
        f'<path fill="#1c2b3f" d="{path}"/></svg>'
    )
