"""Who may reach which partners and people."""

from __future__ import annotations

from django.apps import apps
from django.contrib.auth.models import BaseUserManager
from django.contrib.postgres.expressions import ArraySubquery
from django.db import models
from django.db.models import OuterRef, Q

from prm.calendar import business_today


class UserQuerySet(models.QuerySet):
    def visible_to(self, user):
        """The vendor sees its people and those of the partners in its scope; a partner its colleagues."""
        if user.is_partner:
            return self.filter(memberships__partner=user.acting_for_id).distinct()
        scope = user.partner_scope_ids()
        if scope is None:
            return self
        return self.filter(Q(pk=user.pk) | ~Q(role="") | Q(memberships__partner__in=scope)).distinct()

    def editable_by(self, user):
        return self.vendor_people() if user.may("manage_people") else self.none()

    def vendor_people(self):
        return self.exclude(role="")

    def channel_managers(self):
        return self.filter(is_active=True, role__in=["admin", "program_owner", "channel_manager"])


class UserManager(BaseUserManager.from_queryset(UserQuerySet)):  # type: ignore[misc]
    use_in_migrations = False

    def create_user(self, email: str, name: str, password: str | None = None, **fields):
        """A person with a usable password, or (None) one who must set it through an invitation."""
        user = self.model(email=self.normalize_email(email).lower(), name=name, **fields)
        user.set_password(password)
        user.save(force_insert=True)
        return user

    def acting_as(self, user_id, membership_id=None):
        """The person a session names, acting for that partner or (no membership) for the vendor; None when no longer allowed."""
        if not membership_id:
            return self.filter(pk=user_id, is_active=True).exclude(role="").first()
        memberships = apps.get_model("partners", "Membership").objects.usable().with_headed_companies()
        found = memberships.filter(pk=membership_id, user_id=user_id).first()
        return found.user.act_for(found) if found else None

    def get_by_natural_key(self, email):
        return self.get(email=email.lower())


class PartnerQuerySet(models.QuerySet):
    def visible_to(self, user):
        """A partner sees itself and the companies whose deals it reads as head of a group; the vendor its scope."""
        if user.is_partner:
            return self.readable_by_partner(user)
        return user.partner_scope() & self if user.may("see_partners") else self.none()

    def readable_by_partner(self, user):
        return self.filter(pk__in=user.readable_partner_ids)

    def editable_by(self, user):
        return self.visible_to(user) if user.may("manage_partners") and not user.is_partner else self.none()

    def within(self, countries, partner_ids):
        """Limited to a vendor person's countries and named partners; no limit, all."""
        if not countries and not partner_ids:
            return self.all()
        return self.filter(Q(country__in=countries) | Q(countries__overlap=countries) | Q(pk__in=partner_ids))

    def that_can_sell(self):
        return self.filter(status__in=["onboarding", "active"])


class PartnerGroupQuerySet(models.QuerySet):
    def visible_to(self, user):
        if user.is_partner:
            return self.filter(head=user.acting_for_id)
        return self if user.may("see_partners") else self.none()

    def editable_by(self, user):
        return self if user.may("manage_partners") and not user.is_partner else self.none()


class TeamQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self if not user.is_partner and user.role else self.none()

    def editable_by(self, user):
        return self if user.may("manage_partners") and not user.is_partner else self.none()


class SupplyRelationQuerySet(models.QuerySet):
    def visible_to(self, user):
        if user.is_partner:
            return self.filter(Q(distributor=user.acting_for_id) | Q(reseller=user.acting_for_id))
        if not user.may("see_partners"):
            return self.none()
        scope = user.partner_scope_ids()
        return self if scope is None else self.filter(Q(distributor__in=scope) | Q(reseller__in=scope))

    def editable_by(self, user):
        return self.visible_to(user) if user.may("manage_partners") and not user.is_partner else self.none()

    def in_force(self, day=None):
        return self.filter(period__contains=day or business_today())


class MembershipQuerySet(models.QuerySet):
    def visible_to(self, user):
        """A partner's people see their colleagues; the vendor those of its partners."""
        if user.is_partner:
            return self.filter(partner=user.acting_for_id)
        if not user.may("see_partners"):
            return self.none()
        scope = user.partner_scope_ids()
        return self if scope is None else self.filter(partner__in=scope)

    def editable_by(self, user):
        if user.is_partner:
            return self.visible_to(user) if user.may("manage_colleagues") else self.none()
        return self.visible_to(user) if user.may("manage_partners") else self.none()

    def with_headed_companies(self):
        """Add the companies whose deals the partner may read as head of their group, and fetch what a request needs at once."""
        companies = apps.get_model("partners", "Partner").objects.filter(
            group__head=OuterRef("partner"), group__head_reads_deals=True
        )
        return self.select_related("partner__channel_manager", "user").annotate(
            headed_companies=ArraySubquery(companies.values("pk"))
        )

    def usable(self):
        """Memberships one can act through: active, at a partner that is not terminated."""
        return self.filter(is_active=True, user__is_active=True).exclude(partner__status="terminated")


class InvitationQuerySet(models.QuerySet):
    def visible_to(self, user):
        """A partner sees those of its company; the vendor those of its partners, and whoever manages its people its own."""
        if user.is_partner:
            return self.filter(partner=user.acting_for_id) if user.may("manage_colleagues") else self.none()
        scope = user.partner_scope_ids()
        of_partners = Q(partner__isnull=False) if scope is None else Q(partner__in=scope)
        mine = Q(pk__in=[])
        if user.may("manage_partners"):
            mine |= of_partners
        if user.may("manage_people"):
            mine |= Q(partner__isnull=True)
        return self.filter(mine)

    def editable_by(self, user):
        return self.visible_to(user).open()

    def open(self):
        """Neither accepted nor withdrawn."""
        return self.filter(accepted_at__isnull=True, withdrawn_at__isnull=True)
