"""A certification authority of our own: certomancer's, on the loopback, at a time that the tests set."""

import contextlib
import datetime
import threading
from collections.abc import Iterator
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from certomancer.integrations.animator import Animator, AnimatorArchStore
from certomancer.registry import ArchLabel, CertLabel, CertomancerConfig, EntityLabel
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from mailmart_privacy.keys.identity import Identity
from mailmart_privacy.keys.key_files import load_identity
from mailmart_privacy.trust.anchors import Trust, make_trust
from mailmart_privacy.trust.timestamp_client import TimestampClient

NAMES = ("root", "intermediate", "signer", "leaked", "responder", "tsa-root")
TSAS = ("tsa", "tsa-2040", "bare-tsa", "other-tsa", "past-tsa")
LEAKED = datetime.datetime(2026, 7, 1, tzinfo=datetime.UTC)  # from when the certificate "leaked" is revoked


def _certificate(subject: str, issuer: str, start: int, end: int, **more: object) -> dict[str, object]:
    return {
        "subject": subject,
        "issuer": issuer,
        "validity": {"valid-from": f"{start}-01-01T00:00:00+0000", "valid-to": f"{end}-01-01T00:00:00+0000"},
        **more,
    }


def _usage(*names: str) -> dict[str, object]:
    return {"id": "key_usage", "critical": True, "smart-value": {"schema": "key-usage", "params": list(names)}}


def _extended(name: str) -> dict[str, object]:
    return {"id": "extended_key_usage", "critical": True, "value": [name]}


_CA = [
    {"id": "basic_constraints", "critical": True, "value": {"ca": True}},
    _usage("digital_signature", "key_cert_sign", "crl_sign"),
]


def _crl(repository: str) -> dict[str, object]:
    return {
        "id": "crl_distribution_points",
        "smart-value": {"schema": "crl-dist-url", "params": {"crl-repo-names": [repository]}},
    }


def _aia(responder: str) -> dict[str, object]:
    return {
        "id": "authority_information_access",
        "smart-value": {"schema": "aia-urls", "params": {"ocsp-responder-names": [responder]}},
    }


def _config(url: str) -> dict[str, object]:
    names = (*NAMES, *TSAS)
    sign = [_usage("digital_signature", "non_repudiation"), _aia("ocsp"), _crl("intermediate")]
    stamp = [_usage("digital_signature"), _extended("time_stamping")]
    revoked = {"revoked-since": LEAKED.isoformat(), "reason": "key_compromise"}
    return {
        "external-url-prefix": url,
        "keysets": {"keys": {"path-prefix": "keys", "keys": {n: {"path": f"{n}.pem"} for n in names}}},
        "pki-architectures": {
            "test": {
                "keyset": "keys",
                "entity-defaults": {"country-name": "DE", "organization-name": "Test"},
                "entities": {n: {"common-name": f"Test {n}"} for n in names},
                "certs": {
                    "root": _certificate("root", "root", 2020, 2060, extensions=_CA),
                    "intermediate": _certificate("intermediate", "root", 2021, 2050, extensions=[*_CA, _crl("root")]),
                    "signer": _certificate("signer", "intermediate", 2025, 2028, extensions=sign),
                    "leaked": _certificate("leaked", "intermediate", 2025, 2028, extensions=sign, revocation=revoked),
                    "responder": _certificate(
                        "responder",
                        "intermediate",
                        2021,
                        2050,
                        extensions=[_usage("digital_signature"), _extended("ocsp_signing"), {"id": "ocsp_no_check"}],
                    ),
                    "tsa-root": _certificate("tsa-root", "tsa-root", 2020, 2060, extensions=_CA),
                    "tsa": _certificate("tsa", "tsa-root", 2021, 2032, extensions=[*stamp, _crl("tsa-root")]),
                    "tsa-2040": _certificate("tsa-2040", "tsa-root", 2029, 2045, extensions=[*stamp, _crl("tsa-root")]),
                    "bare-tsa": _certificate("bare-tsa", "tsa-root", 2021, 2045, extensions=stamp),
                    "other-tsa": _certificate(
                        "other-tsa", "tsa-root", 2021, 2045, extensions=[*stamp, _crl("tsa-root")]
                    ),
                    "past-tsa": _certificate("past-tsa", "tsa-root", 2021, 2026, extensions=[*stamp, _crl("tsa-root")]),
                },
                "services": {
                    "ocsp": {
                        "ocsp": {
                            "for-issuer": "intermediate",
                            "responder-cert": "responder",
                            "signing-key": "responder",
                        }
                    },
                    "crl-repo": {
                        "root": {"for-issuer": "root", "signing-key": "root", "simulated-update-schedule": "P1D"},
                        "intermediate": {
                            "for-issuer": "intermediate",
                            "signing-key": "intermediate",
                            "simulated-update-schedule": "P1D",
                        },
                        "tsa-root": {
                            "for-issuer": "tsa-root",
                            "signing-key": "tsa-root",
                            "simulated-update-schedule": "P1D",
                        },
                    },
                    "time-stamping": {n: {"signing-key": n, "signing-cert": n} for n in TSAS},
                },
            }
        },
    }


class _Animator(Animator):
    """Lives by whole seconds: in OCSP answers, RFC 5280 allows no others."""

    def at_time(self, request):  # type: ignore[no-untyped-def]
        return super().at_time(request).replace(microsecond=0)


class Authority:
    """The authority under test, with its services.

    Attributes:
        requests: the paths that were asked for.
        broken: beginnings of paths that answer HTTP 503.
        times: how long each beginning of a path stays broken, in requests; absent means permanently.
        thread: the thread in which it answers.
    """

    thread: threading.Thread

    def __init__(self, folder: str, server: "WSGIServer") -> None:
        self.url = f"http://127.0.0.1:{server.server_port}"
        self.requests: list[str] = []
        self.broken: set[str] = set()
        self.replaced: dict[str, bytes] = {}
        config = CertomancerConfig(_config(self.url), key_search_dir=folder)
        self.architecture = config.get_pki_arch(ArchLabel("test"))
        self.animator = _Animator(AnimatorArchStore({ArchLabel("test"): self.architecture}), with_web_ui=False)
        server.set_app(self.answer)

    def answer(self, environ, start_response):  # type: ignore[no-untyped-def]
        path = environ["PATH_INFO"]
        self.requests.append(path)
        if any(path.startswith(start) for start in self.broken):
            start_response("503 Service Unavailable", [("Content-Length", "0")])
            return [b""]
        if path in self.replaced:
            start_response("200 OK", [("Content-Type", "application/timestamp-reply")])
            return [self.replaced[path]]
        return self.animator(environ, start_response)

    @contextlib.contextmanager
    def at(self, moment: datetime.datetime | None) -> Iterator[None]:
        """Let the authority live at a moment, or by the clock."""
        before, self.animator.fixed_time = self.animator.fixed_time, moment
        try:
            yield
        finally:
            self.animator.fixed_time = before

    def certificate(self, name: str) -> x509.Certificate:
        return x509.load_der_x509_certificate(self.architecture.get_cert(CertLabel(name)).dump())

    @property
    def roots(self) -> tuple[x509.Certificate, ...]:
        return self.certificate("root"), self.certificate("tsa-root")

    @property
    def trust(self) -> Trust:
        """Signers below the one root, timestamp authorities below the other."""
        root, tsa_root = self.roots
        return make_trust([root], [tsa_root])

    def tsa(self, name: str = "tsa") -> str:
        return f"{self.url}/test/tsa/{name}"

    def client(self, *names: str, **more: object) -> TimestampClient:
        """A client that does not wait between attempts."""
        urls = tuple(map(self.tsa, names or ("tsa",)))
        return TimestampClient(urls=urls, **{"sleep": lambda _: None, "timeout": 60.0, **more})  # type: ignore[arg-type]

    def identity(self, name: str = "signer") -> Identity:
        """A signer: a leaf below an intermediate below the root."""
        key = self.architecture.key_set.get_private_key(EntityLabel(name))
        from asn1crypto import pem

        content = pem.armor("PRIVATE KEY", key.dump())
        for issued in (name, "intermediate", "root"):
            content += self.certificate(issued).public_bytes(Encoding.PEM)
        return load_identity(content)


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@contextlib.contextmanager
def serve(folder: str, moment: datetime.datetime) -> Iterator[Authority]:
    """Serve an authority whose keys are made again, until the block ends."""
    import os

    os.makedirs(os.path.join(folder, "keys"), exist_ok=True)
    for name in (*NAMES, *TSAS):
        key = rsa.generate_private_key(65537, 2048) if name == "tsa" else ec.generate_private_key(ec.SECP256R1())
        content = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        with open(os.path.join(folder, "keys", f"{name}.pem"), "wb") as file:
            file.write(content)
    server = make_server("127.0.0.1", 0, lambda *_: [], handler_class=_Quiet)
    authority = Authority(folder, server)
    authority.animator.fixed_time = moment
    authority.thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    authority.thread.start()
    try:
        yield authority
    finally:
        server.shutdown()
        authority.thread.join()
        server.server_close()
