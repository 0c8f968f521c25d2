"""The API as its users write it, for the type checkers alone: never run.

What is used here is public and typed; a line that stops to type-check is a breaking change.
"""

import datetime
import typing

from starlette.applications import Starlette
from starlette.routing import BaseRoute

import mailmart_privacy as privacy
from mailmart_privacy import errors, form, keys, verifying
from mailmart_privacy.policy import render_html
from mailmart_privacy.web.openapi import add_to_openapi
from mailmart_privacy.web.starlette import create_routes


def read() -> None:
    """What a service does."""
    day: datetime.date = privacy.last_updated
    sections: tuple[privacy.Section, ...] = privacy.sections
    processors: tuple[privacy.Processor, ...] = privacy.processors
    policy: privacy.Policy = privacy.current()
    versions: tuple[privacy.Version, ...] = privacy.versions()
    former: privacy.Policy = privacy.in_force(datetime.datetime(2026, 3, 1, tzinfo=datetime.UTC))
    texts: list[str] = [policy.version, policy.title, policy.text, policy.markdown, policy.html, policy.digest]
    section: privacy.Section = policy.section("data-retention")
    number: int = section.number
    blocks: tuple[privacy.Block, ...] = section.blocks
    for block in blocks:
        match block:
            case "paragraph" | "heading":
                texts.append(block.text)
            case "list":
                texts.extend(block.items)
    condition: str | None = processors[0].condition
    until: datetime.datetime | None = versions[0].effective_until
    page: str = render_html(policy, template="page.html")
    print(day, sections, former, texts, number, condition, until, page)


def deliver(key: bytes, moment: datetime.datetime) -> None:
    """What whoever issues copies does."""
    identity: privacy.Identity = privacy.load_identity(key, passphrase=b"secret")
    blank: bytes = form.render_form(privacy.current(), paper="letter")
    copy: bytes = privacy.issue(
        privacy.current(), recipient="Acme GmbH", reference="C-1", issued_at=moment, identity=identity
    )
    try:
        verdict: privacy.Verification = privacy.verify(copy, trust=[identity.certificate])
    except errors.UntrustedError as error:
        code: errors.ExitCode = error.exit_code
        print(code)
    else:
        signature: verifying.SignatureSummary = verdict.delivery
        print(blank, verdict.recipient, verdict.issued_at, signature.certificate_digest)


class Vault:
    """A backend of a service's own."""

    def __init__(self, inner: keys.SigningKey) -> None:
        self.inner, self.public_key = inner, inner.public_key

    def sign(self, message: bytes) -> bytes:
        """Ask the service."""
        return self.inner.sign(message)


def keep_elsewhere(chain: bytes) -> list[privacy.Identity]:
    """What whoever keeps keys in hardware or in a cloud does."""
    token = keys.open_pkcs11("pkcs11:object=signing?module-path=/usr/lib/softhsm/libsofthsm2.so", pin="1234")
    cloud = keys.open_kms("alias/signing", certificate=chain)
    own = privacy.Identity(certificate=token.certificate, chain=token.chain, key=Vault(token.key))
    return [token, cloud, own]


def serve() -> Starlette:
    """What an application does that serves the policy; FastAPI wants its routes as the same type."""
    routes: list[BaseRoute] = create_routes(base_url="https://mailmart.com")
    return Starlette(routes=routes)


class Application:
    """What FastAPI's application has of its OpenAPI document."""

    def openapi(self) -> dict[str, typing.Any]:
        """Write it."""
        return {}


def document(app: Application) -> None:
    """What a service does that wants the policy in that document."""
    add_to_openapi(app, path="/privacy")


def misuse() -> None:
    """What the type checker has to refuse; an ignore that is not needed is itself an error."""
    _ = privacy.sektions  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    privacy.in_force("2026-03-01")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    keys.open_kms("alias/signing")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    privacy.current().section(4)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    privacy.current().title = "x"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
