"""The addresses, for `path("", include("mailmart_privacy.web.django.urls"))`; the path is in the settings."""

import re

from django.urls import path, re_path

from ...errors import UsageError
from .conf import load_service
from .views import policy

try:
    _path = load_service().path.removeprefix("/")
except UsageError:  # the system check says it better than an import that fails
    _path = "privacy"

app_name = "mailmart_privacy"
urlpatterns = [
    path(_path, policy, name="policy"),
    re_path(f"^{re.escape(_path)}(?P<rest>[./](?s:.*))$", policy, name="below"),
]
