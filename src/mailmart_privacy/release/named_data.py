"""The folder of newer data that the environment names: it stands for the data that ship, in the whole process.

The edges ask for it (`api`, `cli`, `web.edge`), before they load a ledger. Where the environment names none, that costs
one look into it.
"""

import os

from .. import _resources
from ..policy.ledger import shipped

VARIABLE = "MAILMART_PRIVACY_DATA"


def use_named_data() -> None:
    """Let the folder that the environment names stand for the data that ship, once for this process.

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
