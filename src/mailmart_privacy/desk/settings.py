"""What a desk is told when it starts: where its things are, who signs, and where it answers."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True, slots=True)
class OidcSettings:
    """The identity provider that people sign in with (OpenID Connect), and services, too, where `audience` is set.

    Attributes:
        issuer: its address, exactly as it writes it.
        client_id: what it calls this desk.
        client_secret: by which it knows this desk; empty for a public client, whose only proof is PKCE.
        audience: what access tokens of services name as their audience; or empty where services have the desk's own.
        roles_claim: the claim that gives people roles, beside those that the desk gives them; or empty.
    """

    issuer: str
    client_id: str
    client_secret: str
    audience: str
    roles_claim: str


@dataclass(frozen=True, kw_only=True, slots=True)
class MailSettings:
    """The mail server by which people are told what is due (SMTP).

    Attributes:
        host: its name.
        port: its port.
        tls: "starttls" (RFC 3207), "tls" from the first byte (RFC 8314), or "none".
        user: as whom the desk signs in there; empty where it need not.
        password: of that user.
        sender: the address that mails come from.
    """

    host: str
    port: int
    tls: str
    user: str
    password: str
    sender: str


@dataclass(frozen=True, kw_only=True, slots=True)
class DeskSettings:
    """The settings of a desk.

    Attributes:
        folder: where it keeps what is its own: tables, certified forms, batches.
        archive: a folder, or "s3://bucket/prefix"; made on first use where it is a folder.
        archive_key: the file of the archive's key.
        archive_index: a file, or "postgresql://…".
        identity: the key that signs: a file, "pkcs11:…" or "awskms:…"; empty for the user's own, made on first use.
        certificate: the file with its certificates, for a key in a token or in AWS KMS; or empty.
        passphrase_file: the file with its passphrase or PIN; or empty.
        level: of the copies, "B-B" to "B-LTA".
        authorities: the addresses of timestamp authorities.
        trusted: files with certificates to trust for signatures: those of signers, or above them.
        trusted_timestamps: files with certificates to trust for timestamps.
        fonts: files or names of fonts, for names in other scripts.
        origin: how browsers reach it, for instance "http://127.0.0.1:8640".
        token_digest: SHA-256 of the one-time token in the printed address; or empty.
        operator: the name of the person who started it, as the operating system knows them.
        operator_subject: what the operating system calls them, permanently.
        oidc: the identity provider, or None where people sign in by links alone. `web` alone is told the secret, and
            `checker` nothing.
        allow_self_signed: whether a desk for a team may sign with an identity that no authority vouches for.
        database: "postgresql://…" for the desk's own tables; empty for files of SQLite in its folder.
        proxies: the addresses or networks of the TLS proxies, whose forwarded headers are believed; all others are
            refused. Empty for a desk without a proxy.
        user: the user as whom `keeper` and `web` run; empty for the one who started the desk.
        checker_user: the user as whom `checker` runs; empty for the one who started the desk.
        mail: the mail server, or None where nobody gets mail. Only `web` is told.
    """

    folder: str
    archive: str
    archive_key: str
    archive_index: str
    identity: str
    certificate: str
    passphrase_file: str
    level: str
    authorities: tuple[str, ...]
    trusted: tuple[str, ...]
    trusted_timestamps: tuple[str, ...]
    fonts: tuple[str, ...]
    origin: str
    token_digest: str
    operator: str
    operator_subject: str
    oidc: OidcSettings | None
    allow_self_signed: bool = False
    database: str = ""
    proxies: tuple[str, ...] = ()
    user: str = ""
    checker_user: str = ""
    mail: MailSettings | None = None

    @property
    def for_team(self) -> bool:
        """Whether it serves a team, behind a proxy for TLS; otherwise it serves this computer alone."""
        return self.origin.startswith("https:")

    @property
    def tables(self) -> str:
        """Where the tables of `web` are: a file, or "postgresql://…"."""
        return self.database or str(Path(self.folder, "web.sqlite"))


@dataclass(frozen=True, kw_only=True, slots=True)
class ChildSettings:
    """What a process of the desk reads from its standard input when it starts.

    Attributes:
        desk: the settings; `checker` gets them with empty values for what it must not know.
        listener: the descriptor of the socket that it answers at.
        sockets: the folder with the sockets of the other processes.
    """

    desk: DeskSettings
    listener: int
    sockets: str

    @property
    def keeper(self) -> str:
        """The path of the socket of `keeper`."""
        return str(Path(self.sockets, "keeper"))

    @property
    def checker(self) -> str:
        """The path of the socket of `checker`."""
        return str(Path(self.sockets, "checker"))
