"""The folder of newer data that the environment names: it replaces the data that ship, in the whole process.

The edges (`api`, `cli`, `web.edge`) call this before they load a ledger. If the variable is not set, that costs one
lookup.
"""

import os

from .. import _resources
from ..policy.ledger import shipped

VARIABLE = "MAILMART_PRIVACY_DATA"


def use_named_data() -> None:
    """Replace the data that ship by the folder that the environment names, once for this process.

    Raises:
        RecordError: the folder cannot be used.
        MissingExtraError: cryptography is not installed.
    """
    folder = os.environ.get(VARIABLE)
    if not folder or _resources.is_replaced():
        return
    from ..trust.trust_list import shipped_trust_list
    from .newer_data import open_data

    _resources.replace_data(open_data(folder).files)
    shipped.cache_clear()
    shipped_trust_list.cache_clear()
