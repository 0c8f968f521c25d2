"""The signal that other applications can receive."""

from django.dispatch import Signal

# Sent after a record was added, with `record` (of mailmart_privacy.web.acknowledgement) and `request`.
acknowledged = Signal()
