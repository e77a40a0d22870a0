"""Name, logo, colour and security of the installation; background work that failed."""

from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from prm.events.models import Errand
from prm.installation import colours
from prm.installation.models import Installation

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360000002000100ffff03000006000557bfabd40000000049454e44ae426082"
)
GIVEN = {"name": "Nimbus", "colour": "#0b5cad", "sender_name": "", "support_contact": ""}


@pytest.fixture
def uploads(settings, tmp_path) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path / "brand"


def save(client, **given):
    return client.post("/settings/branding/", {**GIVEN, **given})


def test_name_and_colour(signed_in, admin):
    client = signed_in(admin)
    assert client.get("/settings/branding/").status_code == 200
    assert save(client).status_code == 302
    assert "--brand:#0b5cad;" in client.get("/brand.css").content.decode()
    assert "Nimbus" in client.get("/settings/branding/").content.decode()


def test_the_colour_is_served_to_anybody(client, system):
    response = client.get("/brand.css?v=1")
    assert (response.status_code, response["Content-Type"]) == (200, "text/css; charset=utf-8")
    assert "immutable" in response["Cache-Control"]


def test_a_colour_too_bright_names_the_remedy(signed_in, admin):
    response = save(signed_in(admin), colour="#ffd400")
    [error] = response.context["form"].errors["colour"]
    assert response.status_code == 422
    assert error.endswith(f"Take a darker shade, for example {colours.darkened('#ffd400')}.")
    assert Installation.current().colour == "#2a57c2"


@pytest.mark.parametrize("colour", ["#ffd400", "#00ff00", "#777777", "#2a57c2", "#000000", "#ffffff"])
def test_shades_can_be_read(colour):
    assert colours.contrast(colours.darkened(colour), colours.WHITE) >= 4.5
    assert all(
        colours.contrast(colours.for_night(colour), dark) >= 4.5 for dark in (colours.NIGHT, colours.NIGHT_SURFACE)
    )


def test_contrast_is_that_of_wcag():
    assert round(colours.contrast("#000000", "#ffffff"), 2) == 21
    assert round(colours.contrast("#767676", "#ffffff"), 2) == 4.54


def test_a_logo(signed_in, admin, uploads):
    client = signed_in(admin)
    assert save(client, logo_file=SimpleUploadedFile("../../logo.svg", PNG)).status_code == 302
    [kept] = uploads.iterdir()
    response = client.get(f"/brand/{kept.name}")
    assert (response["Content-Type"], response["X-Content-Type-Options"]) == ("image/png", "nosniff")
    assert b"".join(response.streaming_content) == PNG
    save(client, remove_logo="on")
    assert client.get(f"/brand/{kept.name}").status_code == 404


@pytest.mark.parametrize(
    "content",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>",
        b"GIF89a" + b"\0" * 20,
        b"%PDF-1.7",
        b"\x00",
        PNG + b"\0" * 1024 * 1024,
    ],
)
def test_what_is_no_logo(signed_in, admin, uploads, content):
    response = save(signed_in(admin), logo_file=SimpleUploadedFile("logo.png", content))
    assert response.status_code == 422
    assert "logo_file" in response.context["form"].errors
    assert not uploads.exists()


def test_another_file_of_the_folder_is_not_served(client, system, uploads):
    uploads.mkdir()
    (uploads / "secret.png").write_bytes(PNG)
    assert [client.get(path).status_code for path in ("/brand/secret.png", "/brand/..%2Fsecret.png")] == [404, 404]


def test_a_change_based_on_an_old_page(signed_in, admin):
    client = signed_in(admin)
    save(client)
    assert save(client, name="Other", version="1").status_code == 422


def test_roles_that_need_two_steps(signed_in, admin):
    client = signed_in(admin)
    assert client.get("/settings/security/").status_code == 200
    client.post("/settings/security/", {"mfa_roles": ["finance", "partner_admin"]})
    assert Installation.current().mfa_roles == ["finance", "partner_admin"]


@pytest.mark.parametrize("who", ["channel_manager", "viewer", "owner"])
@pytest.mark.parametrize(
    "page", ["/settings/branding/", "/settings/security/", "/settings/background/", "/settings/people/"]
)
def test_settings_belong_to_administrators(signed_in, request, who, page):
    assert signed_in(request.getfixturevalue(who)).get(page).status_code == 403


def test_work_that_failed_is_shown_and_tried_again(signed_in, admin, owner):
    errand = Errand.objects.create(task="notify.send_mail", dead=True, tries=8, error="ConnectionRefusedError")
    client = signed_in(admin)
    assert "given up" in client.get("/settings/background/?dead=true").content.decode()
    assert "ConnectionRefusedError" in client.get(f"/settings/background/{errand.pk}/").content.decode()
    client.post(f"/settings/background/{errand.pk}/revival/")
    errand.refresh_from_db()
    assert (errand.dead, errand.tries) == (False, 0)
    assert signed_in(owner).get(f"/settings/background/{errand.pk}/").status_code == 404
