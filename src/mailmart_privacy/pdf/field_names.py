"""The names of the form's fields, and what people call them."""

RECIPIENT, REFERENCE, ISSUED_AT = "Recipient", "Reference", "IssuedAt"
PUBLISHER, DELIVERY = "Publisher", "Delivery"
ARCHIVE_TIMESTAMP = "ArchiveTimestamp"  # followed by a number, from 1

TEXT_FIELDS = (RECIPIENT, REFERENCE, ISSUED_AT)
SIGNATURE_FIELDS = (PUBLISHER, DELIVERY)
WORDS = {RECIPIENT: "recipient", REFERENCE: "reference", ISSUED_AT: "issue date"}
