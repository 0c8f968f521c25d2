"""The options of a service: who may read it from other sites, its canonical URL, own templates."""

import json
import logging
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import flask
import flask_cors
import jinja2
import jsonschema
import pytest

from mailmart_privacy import _resources, form, redline
from mailmart_privacy.errors import FormError, UsageError
from mailmart_privacy.policy.ledger import Ledger, shipped
from mailmart_privacy.policy.render import render_html
from mailmart_privacy.web import Service, create_service
from mailmart_privacy.web.flask import create_blueprint
from mailmart_privacy.web.openapi import add_to_openapi
from mailmart_privacy.web.processors import write_processors

from .conftest import NOW, Run
from .versions import FIRST, SECOND, THIRD, THIRD_EFFECTIVE, three_version_ledger

PREFLIGHT = {"Origin": "https://a.example", "Access-Control-Request-Method": "GET"}


@pytest.fixture(scope="module")
def ledger() -> Ledger:
    """Three versions, the last of them announced."""
    return three_version_ledger()


def make(ledger: Ledger, **options: Any) -> Service:
    return Service(ledger, clock=lambda: NOW, **options)


def test_options_are_answered_everywhere(ledger: Ledger) -> None:
    """204 with the methods that there are; nobody elsewhere may read anything unless cors is on."""
    service = make(ledger)
    for target in service.urls():
        answer = service.respond("OPTIONS", target, PREFLIGHT)
        assert (answer.status, answer.headers, answer.body) == (204, (("Allow", "GET, HEAD, OPTIONS"),), b"")


def test_scripts_of_other_sites_may_read_the_json_and_the_feed(ledger: Ledger) -> None:
    """With cors, and only these: the preflight passes, and the answers say so, also where nothing changed."""
    service = make(ledger, cors=True)
    shared = []
    for target in service.urls():
        preflight = dict(service.respond("OPTIONS", target, PREFLIGHT).headers)
        answer = service.respond("GET", target, {"Accept": "application/json, */*;q=0.1"})
        sent = dict(answer.headers)
        assert ("Access-Control-Allow-Origin" in sent) == ("Access-Control-Allow-Methods" in preflight), target
        if "Access-Control-Allow-Origin" in sent:
            shared.append(target)
            again = service.respond("GET", target, {"Accept": "application/json", "If-None-Match": sent["ETag"]})
            assert again.status == 304
            assert dict(again.headers)["Access-Control-Allow-Origin"] == "*"
    assert {"/privacy", "/privacy.json", "/privacy/feed.atom", "/privacy/versions.json"} <= set(shared)
    assert not {"/privacy.pdf", "/privacy.html", "/privacy/page.css"} & set(shared)


def test_a_mirror_names_the_canonical_address(ledger: Ledger) -> None:
    """Whatever its own base and prefix, links in the head and the header lead to the policy's own place."""
    service = make(ledger, base_url="https://mirror.example", canonical_url="https://mailmart.com/legal/privacy")
    for mounted, prefix in ((service, ""), (service.mounted_at("/app"), "/app")):
        for own, canonical in (
            ("/privacy", ""),
            (f"/privacy/{FIRST}", f"/{FIRST}"),
            ("/privacy/versions", "/versions"),
        ):
            answer = mounted.respond("GET", prefix + own, {})
            address = f"https://mailmart.com/legal/privacy{canonical}"
            assert f'<link rel="canonical" href="{address}">' in answer.body.decode()
            if own != "/privacy/versions":
                assert f'<{address}>; rel="canonical"' in dict(answer.headers)["Link"]
    for wrong in ("mailmart.com", "https://mailmart.com", "https://mailmart.com/privacy/", "https://a.b/c d", 5):
        with pytest.raises(UsageError, match="give one like https://"):
            make(ledger, canonical_url=wrong)


def test_a_slash_at_the_end_redirects_where_that_is_wanted(ledger: Ledger) -> None:
    """A slash redirects to the address without it, permanently; never to another site."""
    assert make(ledger).respond("GET", "/privacy/", {}).status == 404
    service = make(ledger, redirect_slash=True)
    for target in ("/privacy", f"/privacy/{FIRST}", "/privacy/versions"):
        answer = service.respond("GET", f"{target}/", {})
        assert (answer.status, dict(answer.headers)["Location"]) == (308, target)
    for target in ("//privacy/", "/nowhere/", "/privacy/2020-01-01/"):
        assert service.respond("GET", target, {}).status == 404


def test_letter_paper_has_an_address(ledger: Ledger) -> None:
    """The version in force, and each version, on US Letter."""
    service = make(ledger)
    for address, version in (("/privacy", SECOND), *((f"/privacy/{each}", each) for each in (FIRST, SECOND, THIRD))):
        answer = service.respond("GET", f"{address}.letter.pdf", {})
        assert answer.body == ledger.record(version, "reading-letter.pdf")
        assert f"{version}-letter.pdf" in dict(answer.headers)["Content-Disposition"]


def test_any_two_versions_can_be_compared(ledger: Ledger) -> None:
    """Each with all before it; the list leads there."""
    service = make(ledger)
    page = service.respond("GET", f"/privacy/{THIRD}/changes-since-{FIRST}", {}).body.decode()
    sides = [f'<a class="side" href="/privacy/{version}">version {version}</a>' for version in (FIRST, THIRD)]
    assert f"From {' to '.join(sides)}<" in page
    assert (
        f'href="/privacy/{THIRD}/changes-since-{FIRST}"'
        in service.respond("GET", "/privacy/versions", {}).body.decode()
    )
    assert service.respond("GET", f"/privacy/{SECOND}/changes-since-{FIRST}", {}).status == 404, "that is its own page"


def test_processors_say_from_when_to_when(ledger: Ledger) -> None:
    """In the form of the schema; a new one begins with its version."""
    schema = json.loads(_resources.read_data("schemas/processors.schema.json"))
    document = json.loads(make(ledger).respond("GET", "/privacy/processors.json", {}).body)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(document, schema)
    spans = {each["name"]: (each["first_version"], each["last_version"]) for each in document["processors"]}
    assert spans["Clerk"] == (FIRST, THIRD)
    assert spans["Postmark"] == (THIRD, THIRD)
    assert document["newest_version"] == THIRD
    jsonschema.validate(json.loads(write_processors(shipped())), schema)


def test_a_version_that_takes_over_is_logged(ledger: Ledger, caplog: pytest.LogCaptureFixture) -> None:
    """One line when the service loads its first version, one when the next takes over, and none in between."""
    moments = [NOW, NOW, THIRD_EFFECTIVE, THIRD_EFFECTIVE]
    service = Service(ledger, clock=lambda: moments[0])
    with caplog.at_level(logging.INFO, "mailmart_privacy"):
        while moments:
            service.respond("GET", "/privacy", {})
            moments.pop(0)
    assert caplog.messages == [f"/privacy: version {SECOND} loaded", f"/privacy: version {THIRD} takes over"]


def test_own_templates_replace_those_of_the_same_name(tmp_path: Path, ledger: Ledger) -> None:
    """A folder, a file or a template; texts are escaped, and the rest stays ours."""
    policy = shipped().policy(FIRST)
    (tmp_path / "footer.html").write_text(
        "<footer>{{ '<b>' }} of {% if policy %}{{ policy.title }}{% endif %}</footer>"
    )
    (tmp_path / "mine.html").write_text("<p>{{ policy.version }} {{ '<b>' }}</p>")
    page = render_html(policy, tmp_path)
    assert "<footer>&lt;b&gt; of Privacy Policy</footer>" in page
    assert policy.sections[0].html in re.sub(r'<a class="permalink" .*?</a>\n', "", page)
    assert render_html(policy, tmp_path / "mine.html") == f"<p>{FIRST} &lt;b&gt;</p>"
    assert render_html(policy, jinja2.Template("{{ policy.title }}")) == "Privacy Policy"
    redline = make(ledger, templates=tmp_path).respond("GET", f"/privacy/{SECOND}/changes", {})
    assert "<footer>&lt;b&gt; of </footer>" in redline.body.decode(), "a redline is not the page of one policy"
    service = create_service(templates=tmp_path)
    assert "<footer>&lt;b&gt; of Privacy Policy</footer>" in service.respond("GET", "/privacy.html", {}).body.decode()


def test_a_template_that_cannot_be_rendered_is_named(tmp_path: Path) -> None:
    """An unknown variable, a syntax error, a missing file, a missing folder: one line each."""
    policy = shipped().policy(FIRST)
    for content, message in (("{{ nobody }}", "nobody"), ("{% if %}", "mine.html"), ("{% include 'x' %}", "'x'")):
        (tmp_path / "mine.html").write_text(content)
        with pytest.raises(UsageError, match=message):
            render_html(policy, tmp_path / "mine.html")
    with pytest.raises(UsageError, match=r"there is no template 'none\.html'"):
        render_html(policy, tmp_path / "none.html")
    with pytest.raises(UsageError, match="is not a folder of templates"):
        create_service(templates=tmp_path / "mine.html")


def test_a_folder_brings_styles_as_well(tmp_path: Path) -> None:
    """A part of a style sheet that is in the folder replaces ours; the others stay."""
    (tmp_path / "base.css").write_text("p { color: rebeccapurple }")
    service = create_service(templates=tmp_path)
    style = service.respond("GET", "/privacy/page.css", {}).body.decode()
    assert "rebeccapurple" in style
    assert ".permalink" in style
    assert "@font-face" in style


def test_the_fragments_have_a_style_sheet_that_touches_nothing_else() -> None:
    """Every rule begins with the class of a fragment, and the templates link it."""
    style = create_service().respond("GET", "/privacy/embedded.css", {}).body.decode()
    rules = re.findall(r"([^{}]+){[^{}]*}", re.sub(r"/\*.*?\*/", "", style, flags=re.DOTALL))
    assert len(rules) > 20
    parts = [part.strip() for rule in rules for part in re.sub(r"\([^)]*\)", "", rule).split(",")]
    assert all(part.startswith((".privacy-policy", ".privacy-redline")) for part in parts), parts
    app = flask.Flask(__name__)
    app.register_blueprint(create_blueprint(), url_prefix="/legal")
    with app.test_request_context():
        link = flask.render_template_string("{{ privacy_stylesheet() }}")
    assert link == '<link rel="stylesheet" href="/legal/privacy/embedded.css">'
    assert app.test_client().get("/legal/privacy/embedded.css").status_code == 200


def test_a_redline_can_be_embedded(ledger: Ledger) -> None:
    """At any heading level, with a prefix for every id; the text is that of the page."""
    comparison = redline.compare(ledger.policy(FIRST), ledger.policy(THIRD))
    fragment = redline.render_fragment(comparison, heading_level=3, id_prefix="r-")
    assert fragment.startswith('<div class="privacy-redline" lang="en">')
    assert re.findall(r"<h(\d)", fragment)[:2] == ["3", "4"]
    ids = re.findall(r' id="(.*?)"', fragment)
    assert ids
    assert all(each.startswith("r-") for each in ids)
    page = redline.render_html(comparison)
    assert re.findall(r"<(?:del|ins).*?</", fragment) == re.findall(r"<(?:del|ins).*?</", page)
    for wrong in ({"heading_level": 5}, {"id_prefix": "1"}):
        with pytest.raises(UsageError):
            redline.render_fragment(comparison, **wrong)  # type: ignore[arg-type]


def test_a_pdf_by_a_template_of_ones_own(tmp_path: Path, cli: Run) -> None:
    """Tagged, on the paper that is wanted, with the files of its folder alone; escaped; the same bytes twice."""
    policy = shipped().policy(FIRST)
    (tmp_path / "mine").mkdir()
    own = tmp_path / "mine" / "mine.html"
    (tmp_path / "mine" / "mine.css").write_text("h1 { font-family: serif }")
    own.write_text(
        '<html lang="en"><title>{{ policy.title }}</title><link rel="stylesheet" href="mine.css">'
        "<h1>{{ '<b>' }} of {{ policy.version }}</h1></html>"
    )
    pdf = form.render_pdf(policy, own, paper="letter")
    assert pdf == form.render_pdf(policy, own, paper="letter")
    (tmp_path / "mine.pdf").write_bytes(pdf)
    command = ["pdftotext", str(tmp_path / "mine.pdf"), "-"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert shown.split() == ["<b>", "of", FIRST]
    facts = subprocess.run(["pdfinfo", str(tmp_path / "mine.pdf")], capture_output=True, text=True, check=True).stdout
    assert re.search(r"Tagged: +yes", facts)
    assert "612 x 792" in facts
    (tmp_path / "secret.css").write_text("h1 {}")
    for href in ("../secret.css", "nothing.css", "https://mailmart.invalid/x.css", "file:///etc/passwd"):
        own.write_text(f'<html><link rel="stylesheet" href="{href}"><p>x</html>')
        with pytest.raises(FormError, match="which is not in the template's folder"):
            form.render_pdf(policy, own)
    (tmp_path / "mine" / "footer.html").write_text("<footer>ours</footer>")
    (tmp_path / "mine.pdf").unlink()
    assert cli("show", "--format", "pdf", "--template", "mine", "-o", "mine.pdf").returncode == 0
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "11. Contact Us" in shown
    assert "ours" in shown
    refused = cli("show", "--format", "text", "--template", "mine")
    assert (refused.returncode, b"a template makes html or pdf, not text" in refused.stderr) == (2, True)


def test_openapi_on_request(ledger: Ledger) -> None:
    """Every address and type that the document names is there, and what is served is as its schemas say."""

    class Application:
        def openapi(self) -> dict[str, Any]:
            return {"openapi": "3.1.0", "info": {"title": "x", "version": "1"}, "paths": {"/other": {}}}

    app = Application()
    add_to_openapi(app, path="/legal/privacy")
    document = app.openapi()
    assert document == app.openapi()
    assert document["paths"].pop("/other") == {}
    service = make(ledger, path="/legal/privacy")
    for path, operations in document["paths"].items():
        for content_type in operations["get"]["responses"]["200"]["content"]:
            answer = service.respond("GET", path.replace("{version}", SECOND), {"Accept": content_type})
            assert answer.status == 200, path
            assert dict(answer.headers)["Content-Type"].startswith(content_type), path
    operations = [each for path in document["paths"].values() for each in path.values()]
    assert len({each["operationId"] for each in operations}) == len(operations)
    for name, address in (
        ("PrivacyPolicy", "/legal/privacy.json"),
        ("PrivacyProcessors", "/legal/privacy/processors.json"),
    ):
        schema = {"$ref": f"#/components/schemas/{name}", **document}
        served = json.loads(service.respond("GET", address, {}).body)
        jsonschema.Draft202012Validator(schema).validate(served)
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.Draft202012Validator(schema).validate({})


def test_flask_takes_its_configuration() -> None:
    """`app.config` where the code says nothing; the code wins; what cannot be used is refused at registration."""
    app = flask.Flask(__name__)
    app.config["MAILMART_PRIVACY"] = {"path": "/legal", "base_url": "https://a.example", "cors": True}
    app.register_blueprint(create_blueprint(base_url="https://b.example"))
    client = app.test_client()
    answer = client.get("/legal.json")
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (200, "*")
    assert '<link rel="canonical" href="https://b.example/legal">' in client.get("/legal").text
    with app.test_request_context():
        assert (
            flask.render_template_string("{{ privacy_link() }}")
            == '<a href="/legal" rel="privacy-policy">Privacy Policy</a>'
        )
        assert "<h2>Privacy Policy</h2>" in flask.render_template_string("{{ privacy_policy(heading_level=2) }}")
    for wrong, said in (({"colour": "blue"}, "knows no 'colour'"), ([], "is not a dict"), ({"path": "legal"}, "legal")):
        other = flask.Flask(__name__)
        other.config["MAILMART_PRIVACY"] = wrong
        with pytest.raises(UsageError, match=said):
            other.register_blueprint(create_blueprint())


def test_flask_cors_gets_its_preflight() -> None:
    """The extension that applications have adds its headers to our answer of OPTIONS."""
    app = flask.Flask(__name__)
    flask_cors.CORS(app)
    app.register_blueprint(create_blueprint())
    answer = app.test_client().options("/privacy.json", headers=PREFLIGHT)
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (204, "https://a.example")


_DJANGO = """
import django, sys
from django.conf import settings
settings.configure(
    ROOT_URLCONF="__main__", ALLOWED_HOSTS=["*"], INSTALLED_APPS=["mailmart_privacy.web.django"], LANGUAGE_CODE="fr",
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "DIRS": [sys.argv[1]]}],
    MAILMART_PRIVACY={"CANONICAL_URL": "https://mailmart.com/privacy", "REDIRECT_SLASH": True},
)
django.setup()
from django.conf.urls.i18n import i18n_patterns
from django.urls import include, path
urlpatterns = [
    path("", include("mailmart_privacy.web.django.urls")),
    path("de/", include(("mailmart_privacy.web.django.urls", "mailmart_privacy"), namespace="german")),
    *i18n_patterns(path("", include("mailmart_privacy.web.django.urls", namespace="translated"))),
]
from django.test import Client
client = Client()
for prefix in ("", "/de", "/fr"):
    for rest in ("/privacy", "/privacy.json", "/privacy/versions", "/privacy/feed.atom", "/privacy/nothing"):
        answer = client.get(prefix + rest)
        print(answer.status_code, prefix + rest)
    page = client.get(prefix + "/privacy").content.decode()
    print(f'href="{prefix}/privacy/versions"' in page, 'rel="canonical" href="https://mailmart.com/privacy"' in page)
    print("<footer>mine</footer>" in page, client.get(prefix + "/privacy/").headers["Location"])
"""


def test_django_answers_at_each_mount_with_templates_of_the_project(tmp_path: Path) -> None:
    """Each mount links to its own addresses, also below a language; all name one canonical address, with one footer."""
    (tmp_path / "mailmart_privacy").mkdir()
    (tmp_path / "mailmart_privacy" / "footer.html").write_text("<footer>mine</footer>")
    command = [sys.executable, "-c", _DJANGO, str(tmp_path)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    expected = []
    for prefix in ("", "/de", "/fr"):
        expected += [f"200 {prefix}/privacy", f"200 {prefix}/privacy.json", f"200 {prefix}/privacy/versions"]
        expected += [
            f"200 {prefix}/privacy/feed.atom",
            f"404 {prefix}/privacy/nothing",
            "True True",
            f"True {prefix}/privacy",
        ]
    assert result.stdout.splitlines() == expected
