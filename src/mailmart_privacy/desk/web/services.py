"""What pages use: the way to the keeper, the people, and the limits."""

from dataclasses import dataclass

from ..connections import AsyncConnection
from .assets import Assets
from .checks import Checks
from .marks import Marks
from .oidc.flow import Oidc
from .people import People
from .rates import Rates
from .sign_ins import SignIns
from .tokens import Tokens


@dataclass(frozen=True, kw_only=True, slots=True)
class Services:
    """What pages use.

    Attributes:
        keeper: answers about what is on record.
        people: who may use the desk, and who is signed in.
        tokens: which services may use the API.
        rates: how often somebody may ask.
        assets: what pages load beside themselves.
        origin: how browsers reach the desk.
        sign_ins: those that have begun.
        marks: when something was done last.
        checks: which files were checked.
        oidc: signs people in; None where links alone do.
        proxies: see `Guard`.
        sends_mail: whether people get mail about what is due.
    """

    keeper: AsyncConnection
    people: People
    tokens: Tokens
    rates: Rates
    assets: Assets
    origin: str
    sign_ins: SignIns
    marks: Marks
    checks: Checks
    oidc: Oidc | None = None
    proxies: tuple[str, ...] = ()
    sends_mail: bool = False

    @property
    def for_team(self) -> bool:
        """Whether the desk serves a team; see `DeskSettings`."""
        return self.origin.startswith("https:")

    @property
    def cookie(self) -> str:
        """The name of the cookie. Over https it belongs to this host alone; cookies do not tell ports apart."""
        if self.for_team:
            return "__Host-desk"
        return f"desk-{self.origin.rpartition(':')[2]}"

    @property
    def sign_in_cookie(self) -> str:
        """The name of the cookie that a browser has while it is at the identity provider."""
        return self.cookie.replace("desk", "desk-sign-in")
