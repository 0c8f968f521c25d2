"""`desk admin`: what the people who run the server of a desk can do about its people."""

from typing import TYPE_CHECKING, Any

import click

from ...errors import UsageError
from ..edge import find_actor
from ..help import GroupedCommands

if TYPE_CHECKING:
    from ...desk.on_host import Host
    from ...desk.settings import DeskSettings


@click.group(cls=GroupedCommands)
def admin() -> None:
    """Make the first administrator of a desk, and list its people."""


@admin.command()
@click.argument("issuer")
@click.argument("subject")
@click.option(
    "--name", default="", metavar="NAME", help="What the desk calls them until they sign in [default: SUBJECT]."
)
@click.pass_obj
def add(obj: dict[str, Any], issuer: str, subject: str, name: str) -> None:
    """Make a person an administrator: SUBJECT is what the identity provider ISSUER calls them.

    That goes on record. Give the options of the desk, or its settings, as when it is started.
    """
    if "://" not in issuer or not subject.strip():
        raise UsageError("give the address of the identity provider, and then what it calls the person")
    person = make_host(obj["settings"]).add_administrator(issuer, subject, name)
    click.echo(f"{person.actor.name} is an administrator of the desk")


@admin.command(name="list")
@click.pass_obj
def list_people(obj: dict[str, Any]) -> None:
    """List the people of a desk: issuer, subject, name, roles."""
    for person in make_host(obj["settings"]).list_people():
        actor = person.actor
        click.echo("\t".join((actor.issuer, actor.subject, actor.name, ", ".join(person.roles) or "no role")))


def make_host(settings: "DeskSettings") -> "Host":
    """Make what works on the server of a desk, for the person who runs this command."""
    from ...desk.on_host import Host

    return Host(settings, find_actor())
