from __future__ import annotations

from datetime import timedelta

import pghistory
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core import signing
from django.db import models, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from partners.models.people import Membership, User
from partners.querysets import InvitationQuerySet
from partners.roles import PartnerRole, VendorRole
from prm import events
from prm.errors import RuleViolation
from prm.records import Record
from prm.rowpolicy import RowPolicy

SALT = "partners.invitation"


@pghistory.track()
class Invitation(Record):
    """A colleague asked to join a partner, or the vendor (``partner`` empty).

    Nothing is looked up when somebody invites: whether the address belongs to a person already is known to whoever opens the
    link in their mailbox, and to nobody else. The link is signed, expires, and dies with any change of this row.
    """

    VALID = timedelta(days=14)

    partner = models.ForeignKey("partners.Partner", models.CASCADE, null=True, blank=True, related_name="invitations")
    email = models.EmailField(gettext_lazy("e-mail"))
    name = models.CharField(gettext_lazy("name"), max_length=200)
    language = models.CharField(gettext_lazy("language"), max_length=5, choices=settings.LANGUAGES, default="en")
    role = models.CharField(gettext_lazy("role"), max_length=20)
    scope_countries = ArrayField(models.CharField(max_length=2), default=list, blank=True)
    scope_partners = ArrayField(models.UUIDField(), default=list, blank=True)
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", editable=False)
    expires_at = models.DateTimeField(editable=False)
    accepted_at = models.DateTimeField(null=True, editable=False)
    withdrawn_at = models.DateTimeField(null=True, editable=False)

    objects = InvitationQuerySet.as_manager()
    row_policy = RowPolicy(read="partner_id = {partner}", write="partner_id = {partner}")

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["partner", "email"],
                name="invited_once",
                nulls_distinct=False,
                condition=models.Q(accepted_at__isnull=True, withdrawn_at__isnull=True),
                violation_error_message=gettext_lazy(
                    "This address is invited already. Send the invitation again instead."
                ),
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>"

    @property
    def is_open(self) -> bool:
        return not self.accepted_at and not self.withdrawn_at

    @property
    def is_expired(self) -> bool:
        return self.is_open and self.expires_at <= timezone.now()

    def get_role_display(self) -> str:
        return str(PartnerRole(self.role).label if self.partner_id else VendorRole(self.role).label)

    # Verbs ------------------------------------------------------------------------------------------------------------------

    @transaction.atomic
    def send(self, *, by: User) -> Invitation:
        """Invite: the mail leaves in the background, in the invited person's language."""
        self.email = self.email.lower()
        self.invited_by = by
        self.expires_at = timezone.now() + self.VALID
        colleagues = (
            Membership.objects.filter(partner=self.partner_id) if self.partner_id else User.objects.vendor_people()
        )
        address = {"user__email": self.email} if self.partner_id else {"email": self.email}
        if colleagues.filter(**address).exists():
            raise RuleViolation("already_colleague", _("This person is in your list already."), field="email")
        self.save(force_insert=True)
        events.record(self, "sent", by=by, partner_id=self.partner_id, person=self.name, role=self.role)
        return self

    @transaction.atomic
    def send_again(self, *, by: User, version=None) -> None:
        """A new link with a new end; the old one stops working."""
        self._lock_open(version)
        self.put(expires_at=timezone.now() + self.VALID)
        events.record(self, "sent", by=by, partner_id=self.partner_id, person=self.name, role=self.role)

    @transaction.atomic
    def withdraw(self, *, by: User, version=None) -> None:
        """The link stops working."""
        self._lock_open(version)
        self.put(withdrawn_at=timezone.now())
        events.record(self, "withdrawn", by=by, partner_id=self.partner_id, person=self.name)

    @transaction.atomic
    def accept(self, *, name: str = "", password: str | None = None) -> tuple[User, Membership | None]:
        """Take the invitation up: a new account with this password, or one more side for the account of that address."""
        self._lock_open(self.version)
        person = self.person()
        if person is None:
            person = User.objects.create_user(self.email, name or self.name, password, language=self.language)
        if not person.is_active:
            raise RuleViolation(
                "account_closed", _("The account of this address was closed. Ask your administrator to open it again.")
            )
        membership = self._join(person)
        self.put(accepted_at=timezone.now())
        events.record(
            self,
            "accepted",
            by=person.act_for(membership),
            partner_id=self.partner_id,
            person=person.name,
            role=self.role,
        )
        return person, membership

    def _join(self, person: User) -> Membership | None:
        if self.partner_id is None:
            person.lock()
            person.put(role=self.role, scope_countries=self.scope_countries, scope_partners=self.scope_partners)
            return None
        membership, created = Membership.objects.get_or_create(
            user=person,
            partner_id=self.partner_id,
            defaults={"role": self.role, "invited_at": self.created_at, "joined_at": timezone.now()},
        )
        if not created:
            membership.lock()
            membership.put(role=self.role, is_active=True, joined_at=timezone.now())
        return membership

    def _lock_open(self, version) -> None:
        self.lock(version)
        if not self.is_open:
            raise RuleViolation(
                "invitation_closed", _("This invitation was accepted or withdrawn meanwhile. Reload the page.")
            )

    # The link ---------------------------------------------------------------------------------------------------------------

    def person(self) -> User | None:
        """Whose address this is; only asked by whoever holds the link."""
        return User.objects.select_for_update().filter(email=self.email).first()

    @property
    def link(self) -> str:
        token = signing.dumps([str(self.pk), self.version], salt=SALT)
        return settings.PUBLIC_URL.rstrip("/") + reverse("people:invitation", args=[token])

    @classmethod
    def of_link(cls, token: str) -> Invitation | None:
        """The open invitation of a link, or None: altered, too old, used, replaced by a newer one, or of a partner that ended."""
        try:
            pk, version = signing.loads(token, salt=SALT, max_age=cls.VALID)
        except (signing.BadSignature, ValueError, TypeError):
            return None
        open_ones = cls.objects.open().filter(expires_at__gt=timezone.now()).exclude(partner__status="terminated")
        return open_ones.select_related("partner", "invited_by").filter(pk=pk, version=version).first()
