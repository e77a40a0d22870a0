"""The first person of an installation."""

from io import StringIO
from urllib.parse import urlsplit

import pytest
from django.core.management import CommandError, call_command

from partners.models import User


def run(*arguments) -> str:
    out = StringIO()
    call_command("create_administrator", *arguments, stdout=out)
    return out.getvalue()


def test_the_first_administrator_chooses_a_password_and_signs_in(client, system):
    printed = run("Ada@vendor.example", "Ada Admin")
    link = urlsplit(printed.split()[-1])
    page = client.get(link.path, follow=True)
    assert page.status_code == 200
    password = "a-long-Passphrase-42"
    page = client.post(page.request["PATH_INFO"], {"password1": password, "password2": password}, follow=True)
    assert page.status_code == 200
    ada = User.objects.get(email="ada@vendor.example")
    assert (ada.role, ada.is_active, ada.check_password(password)) == ("admin", True, True)
    assert client.post("/identity/login/", {"login": ada.email, "password": password}).status_code == 302
    assert client.get("/home/").status_code == 200


def test_the_link_works_once_and_can_be_had_again(system):
    first, second = run("ada@vendor.example", "Ada"), run("ada@vendor.example", "Ada")
    assert User.objects.count() == 1
    assert first.split()[-1].startswith("http")
    assert second.startswith("Open this link")


def test_other_accounts_are_left_alone(channel_manager, owner):
    for person in (channel_manager, owner):
        with pytest.raises(CommandError, match="no open administrator"):
            run(person.email, "X")


@pytest.mark.parametrize(("email", "name"), [("nobody", "Ada"), ("ada@vendor.example", " ")])
def test_bad_input_is_refused(system, email, name):
    with pytest.raises(CommandError):
        run(email, name)
    assert not User.objects.exists()
