"""Who is told, in which language, in the inbox and by e-mail; and who reads nothing."""

import pytest
from django.core.mail.backends.base import BaseEmailBackend
from django.urls import reverse

from prm.db import acting
from prm.events.models import Errand
from prm.events.tasks import run_errand
from prm.installation.models import Installation
from prm.notify import tell
from prm.notify.models import Notification, Preference, SentMail
from tests.errands import run_errands

WHO = {"person": "Nora"}


class NoServer(BaseEmailBackend):
    """A mail server that refuses."""

    def send_messages(self, messages):
        raise ConnectionRefusedError


def test_a_notice_reaches_inbox_and_mailbox(admin, mailoutbox):
    tell("invitation_accepted", [admin], url="/settings/people/", **WHO)
    run_errands()
    [message] = mailoutbox
    assert (message.subject, message.to) == ("Nora accepted your invitation", [admin.email])
    assert "http://127.0.0.1:8000/settings/people/" in message.body
    assert message.alternatives[0].mimetype == "text/html"
    assert Notification.objects.visible_to(admin).get().words.subject == message.subject
    assert SentMail.objects.get().subject == message.subject


@pytest.mark.parametrize(("in_app", "email"), [(True, False), (False, True), (False, False)])
def test_each_gets_what_they_chose(admin, mailoutbox, in_app, email):
    Preference.objects.choose(admin, "invitation_accepted", in_app=in_app, email=email)
    tell("invitation_accepted", [admin], **WHO)
    run_errands()
    assert (Notification.objects.count(), len(mailoutbox)) == (int(in_app), int(email))


def test_people_whose_account_is_closed_are_told_nothing(admin, viewer, mailoutbox):
    viewer.deactivate(by=admin)
    tell("invitation_accepted", [viewer], **WHO)
    run_errands()
    assert mailoutbox == []


def test_mail_carries_the_vendors_name_and_sender(admin, mailoutbox):
    installation = Installation.for_change()
    installation.put(name="Nimbus", sender_name="Nimbus partner team", support_contact="help@nimbus.example")
    tell("invitation_accepted", [admin], **WHO)
    run_errands()
    [message] = mailoutbox
    assert message.from_email == "Nimbus partner team <partners@vendor.example>"
    assert "Help: help@nimbus.example" in message.body
    assert installation.colour in message.alternatives[0].content


def test_a_refusing_mail_server_leaves_the_mail_to_be_sent(admin, settings, mailoutbox):
    given, settings.EMAIL_BACKEND = settings.EMAIL_BACKEND, f"{__name__}.NoServer"
    tell("invitation_accepted", [admin], **WHO)
    errand = Errand.objects.get()
    run_errand(str(errand.pk))
    errand.refresh_from_db()
    assert (errand.tries, SentMail.objects.count()) == (1, 0)
    settings.EMAIL_BACKEND = given
    run_errand(str(errand.pk))
    assert [SentMail.objects.count(), len(mailoutbox)] == [1, 1]
    run_errand(str(errand.pk))
    assert len(mailoutbox) == 1


def test_a_link_that_opens_an_account_is_not_kept(owner, settings, mailoutbox):
    settings.MAIL_TO_FILES = False
    from partners.models import Invitation

    invitation = Invitation(
        partner=owner.acting_for, name="Nora", email="nora@alpine.example", role="partner_sales"
    ).send(by=owner)
    run_errands()
    assert invitation.link in mailoutbox[0].body
    assert "/invitation/" not in SentMail.objects.get().text


def test_a_person_reads_only_their_own_notices_of_the_side_they_act_for(owner, teammate, rival):
    for person in (owner, teammate, rival):
        tell("invitation_accepted", [person], partner_id=person.acting_for_id, **WHO)
    tell("invitation_accepted", [owner], partner_id=rival.acting_for_id, **WHO)
    with acting("partner", owner.acting_for_id, owner.pk):
        assert [row.user_id for row in Notification.objects.all()] == [owner.pk]


def test_opening_a_notice_marks_it_read(signed_in, owner):
    tell("invitation_accepted", [owner], url=reverse("people:colleagues"), partner_id=owner.acting_for_id, **WHO)
    notice = Notification.objects.get()
    client = signed_in(owner)
    assert "Nora accepted your invitation" in client.get("/inbox/").content.decode()
    assert client.post(f"/inbox/{notice.pk}/opening/")["Location"] == reverse("people:colleagues")
    assert client.get("/inbox/?unread=1").context["notifications"] == []


def test_the_notices_of_others_are_missing(signed_in, owner, rival):
    tell("invitation_accepted", [owner], partner_id=owner.acting_for_id, **WHO)
    assert signed_in(rival).post(f"/inbox/{Notification.objects.get().pk}/opening/").status_code == 404


def test_everything_marked_as_read(signed_in, admin):
    tell("invitation_accepted", [admin, admin], **WHO)
    signed_in(admin).post("/inbox/reading/")
    assert not Notification.objects.unread().exists()


def test_choosing_what_one_is_told(signed_in, owner):
    client = signed_in(owner)
    assert client.get("/profile/notices/").status_code == 200
    client.post("/profile/notices/", {"invitation_accepted.email": "on"})
    wish = Preference.objects.get(user=owner.pk, kind="invitation_accepted")
    assert (wish.in_app, wish.email) == (False, True)


def test_sent_mail_belongs_to_administrators(signed_in, admin, channel_manager, owner):
    tell("invitation_accepted", [admin], **WHO)
    run_errands()
    mail = SentMail.objects.get()
    pages = ("/settings/mail/", f"/settings/mail/{mail.pk}/")
    assert [signed_in(admin).get(page).status_code for page in pages] == [200, 200]
    assert [signed_in(channel_manager).get(page).status_code for page in pages] == [403, 404]
    assert [signed_in(owner).get(page).status_code for page in pages] == [403, 404]


def test_the_inbox_costs_the_same_for_one_notice_and_for_many(signed_in, admin, django_assert_max_num_queries):
    client = signed_in(admin)
    client.get("/inbox/")
    for more in (1, 20):
        for _n in range(more):
            tell("invitation_accepted", [admin], **WHO)
        with django_assert_max_num_queries(12):
            client.get("/inbox/")
