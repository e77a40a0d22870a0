from __future__ import annotations

import zoneinfo
from collections.abc import Sequence
from functools import cached_property

import pghistory
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.contrib.postgres.fields import ArrayField
from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from partners.querysets import MembershipQuerySet, UserManager
from partners.roles import CAPABILITIES, SUSPENDED, PartnerRole, VendorRole
from prm import events
from prm.errors import RuleViolation
from prm.records import Record
from prm.rowpolicy import RowPolicy

TIME_ZONES = sorted(zone for zone in zoneinfo.available_timezones() if "/" in zone and not zone.startswith("Etc/"))


@pghistory.track(exclude=["password", "last_login", "last_seen_events"])
class User(AbstractBaseUser, Record):
    """A person who signs in, by e-mail. ``role`` is theirs at the vendor; at partners it stands on the Membership."""

    email = models.EmailField(gettext_lazy("e-mail"), unique=True)
    name = models.CharField(gettext_lazy("name"), max_length=200)
    role = models.CharField(gettext_lazy("role"), max_length=20, choices=VendorRole.choices, blank=True)
    is_active = models.BooleanField(gettext_lazy("active"), default=True)
    phone = models.CharField(gettext_lazy("telephone"), max_length=40, blank=True)
    language = models.CharField(gettext_lazy("language"), max_length=5, choices=settings.LANGUAGES, default="en")
    time_zone = models.CharField(gettext_lazy("time zone"), max_length=60, default=settings.BUSINESS_TIME_ZONE)
    theme = models.CharField(
        gettext_lazy("theme"),
        max_length=6,
        default="system",
        choices=[
            ("system", gettext_lazy("As the system")),
            ("light", gettext_lazy("Light")),
            ("dark", gettext_lazy("Dark")),
        ],
    )
    shortcuts = models.BooleanField(gettext_lazy("single-letter shortcuts"), default=True)
    scope_countries = ArrayField(
        models.CharField(max_length=2), verbose_name=gettext_lazy("countries"), default=list, blank=True
    )
    scope_partners = ArrayField(models.UUIDField(), verbose_name=gettext_lazy("partners"), default=list, blank=True)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    objects = UserManager()
    # A partner's people see their colleagues and the channel manager who looks after them.
    row_policy = RowPolicy(
        read="id = {user} OR id IN (SELECT user_id FROM partners_membership WHERE partner_id = {partner})"
        " OR id IN (SELECT channel_manager_id FROM partners_partner WHERE id = {partner})",
        write="id = {user}",
        insert="",
        columns=("name", "phone", "language", "time_zone", "theme", "shortcuts", "version", "updated_at"),
    )

    class Meta:
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.name

    # For whom: set once per request by the scope middleware ---------------------------------------------------------------
    membership: Membership | None = None

    def act_for(self, membership: Membership | None) -> User:
        """From now on this person acts as a member of that partner (or as the vendor)."""
        self.membership = membership
        self.__dict__.pop("capabilities", None)
        return self

    @property
    def is_partner(self) -> bool:
        return self.membership is not None

    @property
    def acting_for(self):
        return self.membership.partner if self.membership else None

    @property
    def acting_for_id(self):
        return self.membership.partner_id if self.membership else None

    @property
    def readable_partner_ids(self) -> list:
        """The companies whose deals this partner person reads: its own first, then those it heads."""
        return [self.membership.partner_id, *self.membership.headed_companies] if self.membership else []

    @cached_property
    def capabilities(self) -> frozenset[str]:
        if not self.is_active:
            return frozenset()
        if self.membership:
            own = CAPABILITIES[self.membership.role]
            return own & SUSPENDED if self.membership.partner.is_suspended else own
        return CAPABILITIES.get(self.role, frozenset())

    def may(self, capability: str) -> bool:
        return capability in self.capabilities

    def partner_scope(self):
        """The partners this vendor person looks after: all, unless limited by country or by name."""
        from partners.models import Partner

        if self.is_partner or not self.role:
            return Partner.objects.none()
        return Partner.objects.within(self.scope_countries, self.scope_partners)

    def partner_scope_ids(self):
        """``partner_scope`` as a subquery of ids, or None when nothing limits it (so that no query needs to carry it)."""
        if self.role and not self.is_partner and not self.scope_countries and not self.scope_partners:
            return None
        return self.partner_scope().values("pk")

    def get_full_name(self) -> str:
        return self.name

    @property
    def initials(self) -> str:
        words = self.name.split()
        return "".join(word[0] for word in (words[:1] + words[-1:] if len(words) > 1 else words)).upper()

    # allauth and Django expect these; rights come from roles alone.
    is_staff = is_superuser = False

    def has_perm(self, perm, obj=None) -> bool:
        return False

    def has_module_perms(self, app_label) -> bool:
        return False

    @transaction.atomic
    def deactivate(self, *, by: User) -> None:
        """The person can no longer sign in; what they did stays theirs."""
        self.lock()
        if self.pk == by.pk:
            raise RuleViolation("own_account", _("You cannot deactivate your own account. Ask another administrator."))
        self.put(is_active=False)
        events.record(self, "deactivated", by=by)

    @transaction.atomic
    def reactivate(self, *, by: User) -> None:
        self.lock()
        self.put(is_active=True)
        events.record(self, "reactivated", by=by)


@pghistory.track()
class Membership(Record):
    """Ties a person to a partner, with a role there. One person may belong to several partners and acts for one at a time."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="memberships", verbose_name=gettext_lazy("person")
    )
    partner = models.ForeignKey(
        "partners.Partner", models.PROTECT, related_name="memberships", verbose_name=gettext_lazy("partner")
    )
    role = models.CharField(gettext_lazy("role"), max_length=20, choices=PartnerRole.choices, default=PartnerRole.SALES)
    is_active = models.BooleanField(gettext_lazy("active"), default=True)
    own_rows_only = models.BooleanField(gettext_lazy("sees only the deals of their own"), default=False)
    invited_at = models.DateTimeField(null=True, editable=False)
    joined_at = models.DateTimeField(null=True, editable=False)

    headed_companies: Sequence = ()  # filled by MembershipQuerySet.with_headed_companies

    objects = MembershipQuerySet.as_manager()
    row_policy = RowPolicy(read="partner_id = {partner} OR user_id = {user}", write="partner_id = {partner}")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "partner"], name="one_membership")]
        ordering = ["user__name", "id"]

    def __str__(self) -> str:
        return f"{self.user} · {self.partner}"

    @transaction.atomic
    def change(self, *, by: User, version=None, role: str | None = None, own_rows_only: bool | None = None) -> None:
        """Give a colleague another role; the last administrator of a partner keeps theirs."""
        self.lock(version)
        if role and role != PartnerRole.ADMIN:
            self._refuse_if_last_administrator()
        self.put(role=role or self.role, own_rows_only=self.own_rows_only if own_rows_only is None else own_rows_only)
        events.record(self, "changed", by=by, partner_id=self.partner_id, person=self.user.name, role=self.role)

    @transaction.atomic
    def deactivate(self, *, by: User, version=None) -> None:
        """The colleague no longer acts for this partner; the next request of an open session ends it."""
        self.lock(version)
        if self.user_id == by.pk:
            raise RuleViolation("own_account", _("You cannot deactivate your own account. Ask another administrator."))
        self._refuse_if_last_administrator()
        self.put(is_active=False)
        events.record(self, "deactivated", by=by, partner_id=self.partner_id, person=self.user.name)

    @transaction.atomic
    def reactivate(self, *, by: User, version=None) -> None:
        self.lock(version)
        self.put(is_active=True)
        events.record(self, "reactivated", by=by, partner_id=self.partner_id, person=self.user.name)

    def _refuse_if_last_administrator(self) -> None:
        others = Membership.objects.filter(partner=self.partner_id, role=PartnerRole.ADMIN, is_active=True).exclude(
            pk=self.pk
        )
        if self.role == PartnerRole.ADMIN and not others.exists():
            raise RuleViolation(
                "last_administrator",
                _("A partner keeps at least one administrator. Name another one first."),
                field="role",
            )
