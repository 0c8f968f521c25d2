"""Which column of a sheet is which, by its header, in any language."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..errors import UsageError

# By role, the most specific words first: "recipient" counts more than "company", and "company" more than "name".
_WORDS = {
    "recipient": (
        "recipient|recipient name|issued to|addressed to|addressee|empfanger|empfangerin|destinataire|destinatario|"
        "destinatary|ontvanger|odbiorca|mottagare|modtager|mottaker|vastaanottaja|alici|nguoi nhan|παραληπτησ|"
        "получатель|отримувач|收件人|接收方|宛先|宛名|受取人|수신자|수령인|받는사람|المستلم|נמען|प्राप्तकर्ता|ผู้รับ",
        "company|company name|customer|customer name|client|client name|organisation|organization|account|account name|"
        "firma|firmenname|kunde|kundin|kundenname|unternehmen|societe|entreprise|raison sociale|cliente|empresa|"
        "azienda|societa|ragione sociale|razon social|razao social|klant|bedrijf|klient|przedsiebiorstwo|kund|"
        "foretag|virksomhed|selskap|yritys|asiakas|musteri|sirket|khach hang|cong ty|πελατησ|εταιρεια|επωνυμια|"
        "клиент|компания|организация|клієнт|компанія|客户|客戶|公司|公司名称|顧客|顧客名|会社|会社名|お客様|고객|고객명|회사|"
        "회사명|العميل|الشركة|לקוח|חברה|ग्राहक|कंपनी|ลูกค้า|บริษัท",
        "name|full name|to|nom|nombre|nome|naam|nazwa|namn|navn|nimi|ad|isim|unvan|ten|ονομα|имя|название|"
        "наименование|ім я|назва|名称|姓名|名前|氏名|이름|성명|الاسم|שם|नाम|ชื่อ",
    ),
    "reference": (
        "reference|ref|reference number|reference no|reference id|our reference|your reference|referenz|"
        "referenznummer|aktenzeichen|geschaftszeichen|referencia|riferimento|referentie|kenmerk|referencja|"
        "numer referencyjny|sygnatura|referens|reference nr|referanse|viite|referans|tham chieu|ma tham chieu|"
        "αναφορα|референс|ссылочный номер|посилання|参考号|参考编号|参照|参照番号|整理番号|"
        "참조|참조번호|관리번호|المرجع|"
        "رقم المرجع|אסמכתא|संदर्भ|संदर्भ संख्या|อ้างอิง|เลขที่อ้างอิง",
        "contract|contract number|contract no|contract id|agreement|vertrag|vertragsnummer|vertragsnr|contrat|"
        "numero de contrat|contrato|numero de contrato|contratto|numero contratto|contractnummer|umowa|numer umowy|"
        "avtal|avtalsnummer|kontrakt|kontraktnummer|sopimus|sozlesme|sozlesme no|hop dong|so hop dong|συμβαση|"
        "договор|номер договора|договір|номер договору|合同|合同号|合同编号|契約|契約番号|"
        "계약|계약번호|العقد|رقم العقد|חוזה|"
        "अनुबंध|สัญญา|เลขที่สัญญา",
        "order|order number|order no|id|no|nr|number|customer number|customer no|customer id|client number|account id|"
        "account number|kundennummer|kundennr|nummer|auftragsnummer|numero|numero client|numero de cliente|"
        "klantnummer|numer|numer klienta|kundnummer|kundenummer|musteri no|numara|so|αριθμοσ|номер|编号|客户编号|番号|"
        "顧客番号|번호|고객번호|رقم|מספר|संख्या|เลขที่",
    ),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Columns:
    """The positions of the columns, counted from 0.

    Attributes:
        recipient: that of the recipients.
        reference: that of the references, or None if there is none.
        headers: the heading of every column.
    """

    recipient: int
    reference: int | None
    headers: tuple[str, ...]

    def describe(self) -> str:
        """Tell which columns are used."""
        taken = f"recipients from column {self.headers[self.recipient]!r}"
        if self.reference is None:
            return f"{taken}; no column has references, so each copy gets a reference of its own"
        return f"{taken}, references from column {self.headers[self.reference]!r}"


def find_columns(headers: Sequence[str], chosen: Mapping[str, str]) -> Columns | None:
    """Find the columns of a sheet.

    Args:
        headers: the cells of a row that may be the header.
        chosen: the headers that the user names, by role ("recipient", "reference").

    Returns:
        The columns, or None if this is not the header: nothing in it names the recipient.

    Raises:
        UsageError: two headers name the same thing, or a column that was chosen is not there.
    """
    found: dict[str, int | None] = {role: _find_chosen(headers, chosen[role], role) for role in chosen}
    taken = set(found.values())
    for role in _WORDS:
        if role not in found:
            found[role] = _find_known(headers, role, taken)
    recipient = found["recipient"]
    if recipient is None:
        return None
    return Columns(recipient=recipient, reference=found["reference"], headers=tuple(headers))


def is_heading(text: str) -> bool:
    """Tell whether a text is nothing but a word by which columns of recipients are headed, such as "Company Name"."""
    return any(simplify(text) in known for known in _KNOWN["recipient"])


def explain_missing(headers: Sequence[str]) -> str:
    """Say that no header names the recipient."""
    listed = ", ".join(repr(header) for header in headers if header.strip()) or "none"
    return f"none of the headers names the recipient (headers: {listed})"


def _find_chosen(headers: Sequence[str], name: str, role: str) -> int:
    matching = [i for i, header in enumerate(headers) if header.strip() == name.strip()]
    matching = matching or [i for i, header in enumerate(headers) if simplify(header) == simplify(name) != ""]
    if len(matching) > 1:
        words = f"{len(matching)} columns are headed {name!r}; name one by its letter, for instance B"
        raise UsageError(words, argument=f"columns.{role}")
    if matching:
        return matching[0]
    if re.fullmatch("[A-Za-z]{1,2}", name):
        index = 0
        for letter in name.upper():
            index = index * 26 + ord(letter) - 64
        if index <= len(headers):
            return index - 1
    listed = ", ".join(repr(header) for header in headers if header.strip()) or "none"
    raise UsageError(f"no column is headed {name!r}; there are: {listed}", argument=f"columns.{role}")


def _find_known(headers: Sequence[str], role: str, taken: "set[int | None]") -> int | None:
    ranked = [(rank, i) for i, header in enumerate(headers) if i not in taken and (rank := _rank(header, role))]
    if not ranked:
        return None
    best = min(ranked)[0]
    first, *others = (i for rank, i in ranked if rank == best)
    if others:
        raise UsageError(
            f"the columns {headers[first]!r} and {headers[others[0]]!r} may both be that of the {role}",
            argument=f"columns.{role}",
        )
    return first


def _rank(header: str, role: str) -> float:
    """Rank how well a header names a role: 1 is best, 0 is not at all."""
    words = simplify(header)
    exact = {r: next((n for n, known in enumerate(_KNOWN[r], 1) if words in known), 0) for r in _KNOWN}
    if exact[role] or any(exact.values()):
        return exact[role]
    padded = f" {words} "
    parts = {
        r: next((n + 0.5 for n, known in enumerate(_KNOWN[r], 1) if any(f" {k} " in padded for k in known)), 0.0)
        for r in _KNOWN
    }
    # "Customer reference" holds words of both; then it is the reference.
    return 0.0 if role == "recipient" and parts["reference"] else parts[role]


def simplify(header: str) -> str:
    """Leave out accents, case and signs."""
    text = "".join(c for c in unicodedata.normalize("NFKD", header.casefold()) if not unicodedata.combining(c))
    text = text.casefold().replace("ς", "σ").replace("ı", "i").replace("ø", "o").replace("đ", "d").replace("ł", "l")
    return " ".join(re.sub(r"[^\w]+|_", " ", text).split())


_KNOWN = {
    role: tuple(frozenset(simplify(word) for word in words.split("|")) for words in ranks)
    for role, ranks in _WORDS.items()
}
