"""The complete examples of docs/acknowledgement.md, in each framework, on the day when the policy changes."""

import subprocess
import sys
from pathlib import Path

import pytest

from .frameworks import environment, install, write_documented

pytestmark = pytest.mark.slow

# In `world` the second version is in force at first; the third, a material one, takes effect when the clock is set.
_BEGIN = """
from mailmart_privacy import testing
entered = testing.three_versions()
world = entered.__enter__()
SECOND, THIRD = world.second.text_id, world.third.text_id
"""
_DJANGO_SETTINGS = """
SECRET_KEY, ROOT_URLCONF, ALLOWED_HOSTS, USE_TZ = "tests", "urls", ["*"], True
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "database"}}
INSTALLED_APPS = ["django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes",
                  "django.contrib.messages", "django.contrib.sessions"]
MIDDLEWARE = ["django.contrib.sessions.middleware.SessionMiddleware", "django.middleware.csrf.CsrfViewMiddleware",
              "django.contrib.auth.middleware.AuthenticationMiddleware",
              "django.contrib.messages.middleware.MessageMiddleware"]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "DIRS": ["."], "APP_DIRS": True,
              "OPTIONS": {"context_processors": ["django.template.context_processors.request",
                  "django.contrib.auth.context_processors.auth",
                  "django.contrib.messages.context_processors.messages"]}}]
"""
_DJANGO_URLS = """
from django.contrib import admin
import shop
urlpatterns += [path("news", shop.news), path("customers", shop.export_customers), path("admin/", admin.site.urls)]
"""
_DJANGO = (
    _BEGIN
    + """
import os, re
os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
import django
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
call_command("makemigrations", check=True, verbosity=0)
from django.contrib.auth.models import User
from django.test import Client
import shop
from mailmart_privacy.web.django.acknowledgement.models import Acknowledgement, AppendOnlyError
user = User.objects.create_superuser("ann", password="x")
other = User.objects.create_user("bob", password="x")
PERSON, NOTICE = str(user.pk), "/account/privacy-notice"

# Nobody is logged in: only what is announced is told, and nothing is recorded.
nobody = Client()
page = nobody.get("/account/").content.decode()
assert "takes effect on" in page and "<form" not in page, page
assert nobody.post(NOTICE, {"text_id": SECOND}).status_code == 403

# A person is told, and acknowledges the text; a form without its token is refused.
client = Client(enforce_csrf_checks=True)
client.force_login(user)
page = client.get("/account/").content.decode()
assert "How we handle your personal data" in page
fields = dict(re.findall(r'name="(\\w+)" value="(.*?)"', page))
assert (fields["text_id"], fields["shown"], fields["next"]) == (SECOND, "banner", "/account/"), fields
assert client.post(NOTICE, {"text_id": SECOND}).status_code == 403
answer = client.post(NOTICE, fields)
assert (answer.status_code, answer["Location"]) == (303, "/account/")
record = Acknowledgement.objects.get()
assert (record.person, record.text_id, record.digest, record.shown) == (PERSON, SECOND, world.second.digest, "banner")
assert record.acknowledged_at == world.clock() and shop.heard == [SECOND]
assert "<form" not in client.get("/account/").content.decode()
assert client.get("/news").content == b""
assert client.get("/customers").content == b"..."

# The text changes while the form is open: 409, nothing is recorded, and the notice has the new text.
world.clock.set(world.third.effective_at)
client.handler.enforce_csrf_checks = False
answer = client.post(NOTICE, fields)
assert answer.status_code == 409 and THIRD in answer.content.decode()
assert "The text changed while this form was open" in answer.content.decode()
answer = client.post(NOTICE, fields, headers={"accept": "application/json"}) if django.VERSION >= (4, 2) else None
assert (answer.status_code, answer.json()) == (409, {"shown": SECOND, "in_force": THIRD})
assert client.post(NOTICE, {"text_id": "yes"}).status_code == 400
assert Acknowledgement.objects.count() == 1
page = client.get("/account/").content.decode()
assert "has changed" in page and world.third.summary in page
assert client.get("/news").content.decode() == world.third.summary

# Nothing comes before a page, but for the view that wants it; after a material change only.
answer = client.get("/customers?a=b")
assert (answer.status_code, answer["Location"]) == (303, NOTICE + "?next=%2Fcustomers%3Fa%3Db")
page = client.get(answer["Location"]).content.decode()
assert 'value="/customers?a=b"' in page and world.third.summary in page
answer = client.post(NOTICE, {"text_id": THIRD, "shown": "notice", "next": "//evil.example/"})
assert (answer.status_code, answer["Location"]) == (303, "/privacy")
assert client.get("/customers").status_code == 200

# The middleware does nothing unless it is told to, and never keeps the policy or a form from anybody.
from django.test import override_settings
gate = "mailmart_privacy.web.django.acknowledgement.gates.notice_middleware"
from django.conf import settings
stranger = Client()
stranger.force_login(other)
for asked, status in ((False, 200), (True, 303)):
    with override_settings(MIDDLEWARE=[*settings.MIDDLEWARE, gate],
                           MAILMART_PRIVACY_ACKNOWLEDGEMENT={"GATE": asked}):
        stranger = Client()
        stranger.force_login(other)
        assert stranger.get("/account/").status_code == status
        assert {stranger.get(each).status_code for each in ("/privacy", "/privacy.json", NOTICE)} == {200}
        assert Client().get("/account/").status_code == 200
with override_settings(MAILMART_PRIVACY_ACKNOWLEDGEMENT={"PERSON": "shop.find"}):
    shop.find = lambda request: "customer-17"
    assert "How we handle" in Client().get("/account/").content.decode()

# Records are only added, and the admin shows them.
first = Acknowledgement.objects.first()
for change in (first.save, first.delete, Acknowledgement.objects.all().delete, Acknowledgement.objects.filter().update,
               lambda: Acknowledgement.objects.bulk_update([first], ["shown"])):
    try:
        change()
    except AppendOnlyError:
        continue
    raise AssertionError(change)
admin = "/admin/mailmart_privacy_acknowledgement/acknowledgement/"
assert SECOND in client.get(admin).content.decode()
assert client.get(f"{admin}{first.pk}/change/").status_code == 200
assert client.post(f"{admin}{first.pk}/change/", {"shown": "x"}).status_code == 403
assert (client.get(admin + "add/").status_code, client.get(f"{admin}{first.pk}/delete/").status_code) == (403, 403)

# A person gets their records, and can have them erased.
assert [each["text_id"] for each in Acknowledgement.objects.export(PERSON)] == [SECOND, THIRD]
call_command("privacy_acknowledgements", "export", PERSON)
call_command("privacy_acknowledgements", "erase", PERSON)
assert Acknowledgement.objects.count() == 0
"""
)
_FLASK = (
    _BEGIN
    + """
import app as example
client = example.app.test_client()
with client.session_transaction() as session:
    session["person"] = "17"
assert "How we handle your personal data" in client.get("/account").text
def send(text_id):
    return client.post("/account/privacy-notice", data={"text_id": text_id}).status_code
assert send(SECOND) == 303
assert "<form" not in client.get("/account").text
world.clock.set(world.third.effective_at)
assert world.third.summary in client.get("/account").text
assert send(SECOND) == 409
assert send(THIRD) == 303
told = client.get("/account/data").json["acknowledgements"]
assert [(each["text_id"], each["shown"]) for each in told] == [(SECOND, "account page"), (THIRD, "account page")]
assert client.post("/account/delete").status_code == 204
assert client.get("/account/data").json == {"acknowledgements": []}
assert client.get("/privacy").status_code == 200
"""
)
_FASTAPI = (
    _BEGIN
    + """
import main
from fastapi.testclient import TestClient
client = TestClient(main.app, headers={"X-Person": "17"})
def ask():
    told = client.get("/account/privacy-notice").json()
    return told["text_id"], told["due"], told["material"], told["changes"]
def send(text_id):
    return client.post("/account/privacy-notice", json={"text_id": text_id, "shown": "app"})
assert ask() == (SECOND, True, True, [])
assert send(SECOND).status_code == 204
assert ask() == (SECOND, False, False, [])
world.clock.set(world.third.effective_at)
assert ask() == (THIRD, True, True, [world.third.summary])
answer = send(SECOND)
assert (answer.status_code, answer.json()) == (409, {"detail": {"in_force": THIRD}})
assert send(THIRD).status_code == 204
assert [each["text_id"] for each in client.get("/account/data").json()] == [SECOND, THIRD]
assert client.delete("/account").status_code == 204
assert client.get("/account/data").json() == []
assert client.get("/privacy").status_code == 200

# What the policy answers is in the OpenAPI document if the application asks for that.
assert "/privacy" not in client.get("/openapi.json").json()["paths"]
from mailmart_privacy.web.openapi import add_to_openapi
add_to_openapi(main.app)
document = client.get("/openapi.json").json()
assert {"/account/data", "/privacy", "/privacy/{version}.json", "/privacy/verify"} <= document["paths"].keys()
assert {"PrivacyPolicy", "Understood"} <= document["components"]["schemas"].keys()
assert client.get("/docs").status_code == 200
"""
)


def run(framework: str, age: str, folder: Path, script: str) -> str:
    command = [sys.executable, "-W", "error::RuntimeWarning", "-c", script]
    variables = environment(install(framework, age), folder)
    result = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.parametrize("age", ["oldest", "newest"])
def test_django(age: str, tmp_path: Path) -> None:
    """The table, the tag, the form, the signal, the gates, the admin, and what a person may ask for."""
    project = write_documented("acknowledgement.md", "Django", folder=tmp_path)
    for name, before, after in (("settings.py", _DJANGO_SETTINGS, ""), ("urls.py", "", _DJANGO_URLS)):
        (project / name).write_text(before + (project / name).read_text() + after)
    printed = run("django", age, project, _DJANGO)
    assert '"shown": "notice"' in printed
    assert printed.splitlines()[-1].startswith("2 acknowledgement(s) of ")


def test_flask(tmp_path: Path) -> None:
    """A person is told, recorded, told of a change, refused with the old text, exported and erased; with SQLAlchemy."""
    project = write_documented("acknowledgement.md", "A store with SQLAlchemy", "Flask", folder=tmp_path)
    run("flask", "newest", project, _FLASK)


def test_fastapi(tmp_path: Path) -> None:
    """The same in FastAPI, where the policy is a dependency."""
    project = write_documented("acknowledgement.md", "A store with SQLAlchemy", "FastAPI", folder=tmp_path)
    run("fastapi", "newest", project, _FASTAPI)
