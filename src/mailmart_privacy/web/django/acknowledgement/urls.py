"""The address, for `path("account/", include("mailmart_privacy.web.django.acknowledgement.urls"))`."""

from django.urls import path

from .views import notice

app_name = "mailmart_privacy_acknowledgement"
urlpatterns = [path("privacy-notice", notice, name="notice")]
