"""The adapters: what docs/services.md shows, under real frameworks and servers, answers as the core does."""

import gzip
import re
import subprocess
import sys
from pathlib import Path

import pytest

import mailmart_privacy as privacy
from mailmart_privacy._time import format_date
from mailmart_privacy.web import Response, create_service

from .frameworks import PREFIX, RELEASES, Answer, ask, documented, environment, install, serve

pytestmark = pytest.mark.slow

Request = tuple[str, str, tuple[tuple[str, str], ...]]
SERVICE = create_service()
LINK = '<a href="/privacy" rel="privacy-policy">Privacy Policy</a>'
CURRENT = SERVICE.current()
DATE = f'<time datetime="{CURRENT.version}">{format_date(CURRENT.last_updated)}</time>'
APP = {"django": "wsgi:application", "django-asgi": "asgi:application", "flask": "app:app"}
APP |= {"starlette": "app:app", "fastapi": "app:app"}
HEADINGS = {
    "django": "Django",
    "django-asgi": "Django",
    "flask": "Flask",
    "starlette": "Starlette",
    "fastapi": "FastAPI",
}
DJANGO = ("django", "django-asgi")
DECODED = (*DJANGO, "flask")  # they get the path decoded

DJANGO_SETTINGS = """
import django
ALLOWED_HOSTS, ROOT_URLCONF, SECRET_KEY, USE_TZ = ["127.0.0.1"], "urls", "tests", True
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.http.ConditionalGetMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "DIRS": ["."], "APP_DIRS": True}]
"""
DJANGO_WSGI = """
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
from django.core.wsgi import get_wsgi_application
application = get_wsgi_application()
"""
INCLUDE = 'path("", include("mailmart_privacy.web.django.urls"))'
DJANGO_URLS = f"""
from django.urls import include, path
urlpatterns = [{INCLUDE}]
"""
DJANGO_LOGIN = """
if django.VERSION >= (5, 1):
    MIDDLEWARE += ["django.contrib.auth.middleware.LoginRequiredMiddleware"]
"""
DJANGO_FOOTER = """
from django.views.generic import TemplateView
urlpatterns += [path("footer", TemplateView.as_view(template_name="footer.html"))]
"""
FLASK_FOOTER = """
from flask import render_template
app.add_url_rule("/footer", view_func=lambda: render_template("footer.html"), endpoint="footer")
"""
# The same, with the policy below a path within the application.
MOUNTED = {
    "flask": """
from flask import Blueprint, Flask
from mailmart_privacy.web.flask import create_blueprint
app = Flask(__name__)
legal = Blueprint("legal", __name__)
legal.register_blueprint(create_blueprint())
app.register_blueprint(legal, url_prefix="/legal")
""",
    "starlette": """
from starlette.applications import Starlette
from starlette.routing import Mount
from mailmart_privacy.web.starlette import create_routes
app = Starlette(routes=[Mount("/legal", routes=create_routes())])
""",
    "fastapi": """
from fastapi import APIRouter, FastAPI
from mailmart_privacy.web.starlette import create_routes
app = FastAPI()
app.include_router(APIRouter(routes=create_routes()), prefix="/legal")
""",
}
each = pytest.mark.parametrize(("framework", "age"), RELEASES)


def write_project(folder: Path, framework: str) -> Path:
    """Write the project that the document shows, with a page that has its footer."""
    shown = documented(HEADINGS[framework])
    if framework in DJANGO:
        settings, urls, footer = shown
        files = {"settings.py": DJANGO_SETTINGS + settings, "urls.py": urls + DJANGO_FOOTER}
        files |= {"wsgi.py": DJANGO_WSGI, "asgi.py": DJANGO_WSGI.replace("wsgi", "asgi"), "footer.html": footer}
    elif framework == "flask":
        app, footer = shown
        files = {"app.py": app + FLASK_FOOTER, "templates/footer.html": footer}
    else:
        (app,) = shown
        files = {"app.py": app}
    for name, content in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")
    return folder


def requests() -> list[Request]:
    """What is asked of every framework, and answered by the core alone."""
    etag = dict(SERVICE.respond("GET", "/privacy", {}).headers)["ETag"]
    found: list[Request] = [(method, url, ()) for url in SERVICE.urls() for method in ("GET", "HEAD", "POST")]
    for accept in ("application/json", "text/plain;q=0.5, text/markdown;q=0.4", "image/png", "\xff\xfe", "a/b," * 1000):
        found += [(method, "/privacy", (("Accept", accept),)) for method in ("GET", "HEAD")]
    for tag in (etag, '"other"', f'"other", {etag}', "*"):
        found += [(method, "/privacy", (("If-None-Match", tag),)) for method in ("GET", "HEAD")]
    found += [("GET", "/privacy", (("Accept", "application/json"), ("If-None-Match", etag)))]
    for day in ("Tue, 24 Feb 2026 00:00:00 GMT", "Mon, 23 Feb 2026 00:00:00 GMT", "yesterday"):
        found += [("GET", "/privacy.txt", (("If-Modified-Since", day),))]
    for query in (
        "at=2026-03-01T09:00:00Z",
        "at=2026-03-01T09:00:00%2B01:00",
        "at=2020-01-01T00:00:00Z",
        "at=%FF",
        "%00",
    ):
        found += [("GET", f"/privacy?{query}", ()), ("GET", f"/privacy.json?{query}", ())]
    found += [(method, "/privacy", ()) for method in ("PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")]
    found += [("OPTIONS", "/privacy/2026-02-24", ()), ("POST", "/privacy/2020-01-01", ())]
    for below in (
        "2020-01-01",
        "../etc/passwd",
        "..%2f",
        "%00",
        "%ff",
        "%e2%82",
        "2026-02-24;a",
        "%3Cscript%3E",
        "a" * 3000,
    ):
        found += [("GET", f"/privacy/{below}", ())]
    return found


# Servers and frameworks may refuse these before the core is asked; no more is said than that they do.
REFUSED = (
    "/privacy/",
    "/privacy//versions",
    "//privacy",
    "///privacy.json",
    "/privacy.json/",
    "/privacy.json/..",
    "/privacy/versions/",
    "/Privacy",
    "/privacyx",
    "/privacy%0a",
    "/privacy/%0d%0aX-Other:1",
    "/privacy/" + "a" * 20_000,
)


def difference(answer: Answer, expected: Response) -> list[str]:
    """Describe how an answer differs from the core's; a framework may only add headers."""
    if answer.status != expected.status:
        return [f"{answer.status} for {expected.status}"]
    found = [] if answer.body == expected.body else [f"another body: {answer.body[:80]!r}"]
    for name, value in expected.headers:
        got = answer.headers.get_all(name, [])
        # Django's own middleware adds what a response varies by.
        same = [got[0].partition(", Cookie")[0]] if name == "Vary" and got else got
        found += [] if same == [value] else [f"{name}: {got} for {value}"]
    found += ["a redirect"] if "Location" in answer.headers else []
    if expected.status == 304 and "Content-Type" in answer.headers:
        found.append("a type with 304")
    return found


@each
def test_answers_are_those_of_the_core(framework: str, age: str, tmp_path: Path) -> None:
    """The documented project answers byte for byte as the core: formats, conditions, methods, times, hostile paths."""
    faults = []
    with serve(framework, age, write_project(tmp_path, framework), app=APP[framework]) as port:
        for method, target, headers in requests():
            body = () if method in ("GET", "HEAD") else (("Content-Length", "0"),)
            answer = ask(port, target, method, *headers, *body)
            expected = SERVICE.respond(method, target, dict(headers))
            faults += [f"{method} {target[:60]} {headers}: {fault}" for fault in difference(answer, expected)]
            if "Content-Length" in answer.headers:  # with HEAD and 304 it is that of what was not sent (RFC 9110, 8.6)
                whole = len(SERVICE.respond("GET", target, {k: v for k, v in headers if k == "Accept"}).body)
                length = answer.headers["Content-Length"]
                if method in ("GET", "HEAD") and int(length) != whole:
                    faults.append(f"{method} {target[:60]} {headers}: Content-Length {length} for {whole}")
        refused = [*(("GET", target) for target in REFUSED), ("BREW", "/privacy")]
        if framework != "django-asgi":  # Django makes capitals of any method, and servers of WSGI refuse it before
            refused.append(("get", "/privacy"))
        for method, target in refused:
            answer = ask(port, target, method)
            if not 400 <= answer.status < 500 or "Location" in answer.headers:
                faults.append(f"{method} {target[:60]}: {answer.status}")
        # An encoded slash: WSGI and Django give it decoded, ASGI as it came, and the core refuses it.
        answer = ask(port, "/privacy%2fversions")
        assert answer.status == (200 if framework in DECODED else 404)
        twice = ask(port, "/privacy", "GET", ("Accept", "text/plain"), ("Accept", "text/html;q=0.1"))
        assert twice.headers["Content-Type"] == "text/plain; charset=utf-8", "two lines of a header are one list"
        page = ask(port, "/privacy").headers["Content-Security-Policy"]
        assert page.startswith("default-src 'none'; style-src 'self'; ")
        assert "unsafe" not in page
    assert not faults, "\n".join(faults)


GZIP = {
    "django": 'MIDDLEWARE.insert(0, "django.middleware.gzip.GZipMiddleware")\n',
    "starlette": "from starlette.middleware.gzip import GZipMiddleware\napp.add_middleware(GZipMiddleware)\n",
    "fastapi": "from starlette.middleware.gzip import GZipMiddleware\napp.add_middleware(GZipMiddleware)\n",
}


@pytest.mark.parametrize("age", ["oldest", "newest"])
@pytest.mark.parametrize("framework", GZIP)
def test_a_middleware_may_compress(framework: str, age: str, tmp_path: Path) -> None:
    """Middleware changes one answer only: a client that does not accept gzip gets the original bytes, before and
    after."""
    project = write_project(tmp_path, framework)
    changed = project / ("settings.py" if framework == "django" else "app.py")
    changed.write_text(changed.read_text() + GZIP[framework])
    accepts = ("Accept-Encoding", "gzip")
    with serve(framework, age, project, app=APP[framework]) as port:
        for target in ("/privacy", "/privacy.pdf", "/privacy.json"):
            whole = SERVICE.respond("GET", target, {})
            for _ in range(2):
                plain, packed = ask(port, target), ask(port, target, "GET", accepts)
                assert (plain.body, plain.headers["Content-Encoding"]) == (whole.body, None)
                assert plain.headers["Content-Length"] == str(len(whole.body))
                assert (gzip.decompress(packed.body), packed.headers["Content-Encoding"]) == (whole.body, "gzip")
                assert packed.headers["Content-Length"] == str(len(packed.body))
                vary = {name.strip() for name in packed.headers["Vary"].split(",")}
                assert vary >= {"Accept-Encoding"} | ({"Accept"} if target == "/privacy" else set())
                unchanged = ask(port, target, "GET", accepts, ("If-None-Match", packed.headers["ETag"]))
                assert (unchanged.status, unchanged.body) == (304, b"")
                assert ask(port, target, "HEAD", accepts).body == b""


@each
def test_links_follow_an_application_below_a_path(framework: str, age: str, tmp_path: Path) -> None:
    """Behind a prefix of the server and one of the application, every answer names addresses with both."""
    project = write_project(tmp_path, framework)
    if framework in DJANGO:
        (project / "urls.py").write_text(f"{DJANGO_URLS}urlpatterns = [path('legal/', include(urlpatterns))]\n")
        (project / "settings.py").write_text((project / "settings.py").read_text() + DJANGO_LOGIN)
    else:
        (project / "app.py").write_text(MOUNTED[framework])
    below = SERVICE.mounted_at(f"{PREFIX}/legal")
    assert dict(below.respond("GET", f"{PREFIX}/legal/privacy", {}).headers)["Content-Location"].startswith(PREFIX)
    faults = []
    with serve(framework, age, project, app=APP[framework], below=True) as port:
        for path in below.urls():
            # A proxy takes the prefix away before an ASGI server; a WSGI server does so itself.
            target = path if framework in ("django", "flask") else path.removeprefix(PREFIX)
            faults += [f"{path}: {fault}" for fault in difference(ask(port, target), below.respond("GET", path, {}))]
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("age", ["oldest", "newest"])
def test_fastapi_knows_its_root_path(age: str, tmp_path: Path) -> None:
    """`FastAPI(root_path=…)` works whether or not the proxy takes the prefix away; OpenAPI lists no route."""
    project = write_project(tmp_path, "fastapi")
    app = (project / "app.py").read_text()
    (project / "app.py").write_text(app.replace("FastAPI(", f'FastAPI(root_path="{PREFIX}", '))
    expected = SERVICE.mounted_at(PREFIX).respond("GET", f"{PREFIX}/privacy", {})
    with serve("fastapi", age, project, app="app:app") as port:
        for target in ("/privacy", f"{PREFIX}/privacy"):
            assert difference(ask(port, target), expected) == []
        assert b'"paths":{}' in ask(port, "/openapi.json").body


@pytest.mark.parametrize("age", ["oldest", "newest"])
@pytest.mark.parametrize("framework", ["django", "flask"])
def test_templates_have_text_date_and_link(framework: str, age: str, tmp_path: Path) -> None:
    """A page of the service's own shows the text as it is, the date, and a link that says what it is."""
    with serve(framework, age, write_project(tmp_path, framework), app=APP[framework]) as port:
        answer = ask(port, "/footer")
        page = answer.body.decode()
        assert answer.status == 200, page
        assert f"<main>{privacy.current().html}</main>" in page
        assert f"<footer>{LINK}, last updated on {DATE}</footer>" in page
        if framework == "django":
            sitemap = ask(port, "/sitemap.xml").body.decode()
            entries = re.findall(r"<loc>http://127\.0\.0\.1:\d+(.*?)</loc><lastmod>(.*?)</lastmod>", sitemap)
            former = [known.version for known in CURRENT.history if known.version <= CURRENT.version]
            expected = [("/privacy", CURRENT.version), ("/privacy/versions", CURRENT.version)]
            assert sorted(entries) == sorted(expected + [(f"/privacy/{version}", version) for version in former])


SHADOW = 'path("<path:anything>", lambda request, anything: None)'


@pytest.mark.parametrize("age", ["oldest", "newest"])
@pytest.mark.parametrize(
    ("settings", "patterns", "said"),
    [
        ('{"MAX_AGE": 60}', INCLUDE, ""),
        ('{"MAX_AGE": "60"}', INCLUDE, "E001) a cache cannot keep an answer for '60' seconds"),
        ('{"PATH": "privacy"}', INCLUDE, "E001) 'privacy' is not a path for the policy"),
        ('{"Path": "/privacy"}', INCLUDE, "E001) MAILMART_PRIVACY knows no 'Path'; it may have BASE_URL"),
        ('"/privacy"', INCLUDE, "E001) MAILMART_PRIVACY is not a dict"),
        ("{}", 'path("", lambda request: None)', "W001) The privacy policy has no address"),
        ("{}", f"{SHADOW}, {INCLUDE}", "E003) A request for /privacy does not reach"),
        ("{}", f'path("privacy/versions", lambda request: None), {INCLUDE}', "E003) A request for /privacy/versions"),
    ],
)  # fmt: skip
def test_django_checks(age: str, settings: str, patterns: str, said: str, tmp_path: Path) -> None:
    """`manage.py check` says what is wrong in one line, and prints nothing if all is well."""
    project = write_project(tmp_path, "django")
    text = (project / "settings.py").read_text() + f"\nMAILMART_PRIVACY = {settings}\n"
    (project / "settings.py").write_text(text)
    (project / "urls.py").write_text(f"from django.urls import include, path\nurlpatterns = [{patterns}]\n")
    command = [sys.executable, "-m", "django", "check", "--settings=settings", "--fail-level=WARNING"]
    result = subprocess.run(
        command, env=environment(install("django", age), project), capture_output=True, text=True, check=False
    )
    assert "Traceback" not in result.stderr
    assert (result.returncode == 0) == (said == ""), result.stderr
    assert f"(mailmart_privacy.{said}" in result.stderr if said else "no issues" in result.stdout


@pytest.mark.parametrize(
    ("module", "framework", "name"),
    [("web.django", "django", "Django"), ("web.flask", "flask", "Flask"), ("web.starlette", "starlette", "Starlette")],
)
def test_a_framework_that_is_missing(module: str, framework: str, name: str) -> None:
    """Without its framework an adapter names its extra."""
    source = f"import sys; sys.modules[{framework!r}] = None; import mailmart_privacy.{module}"
    result = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=False)
    last = result.stderr.splitlines()[-1]
    assert f"MissingExtraError: {name} is not installed: this needs the extra `{framework}`; see Installing" in last
