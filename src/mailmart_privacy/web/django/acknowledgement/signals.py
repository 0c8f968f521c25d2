"""What others may hear of."""

from django.dispatch import Signal

# Sent after a record was added, with `record` (of mailmart_privacy.web.acknowledgement) and `request`.
acknowledged = Signal()
