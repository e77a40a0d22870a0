"""Settings screens: which fields the vendor added."""

from __future__ import annotations

import django_filters
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from prm.access import may, scoped
from prm.errors import RuleViolation
from prm.fields.forms import CustomFieldForm
from prm.fields.models import CustomField, FieldKind
from prm.ui.forms import handle, posted
from prm.ui.lists import Action, Column, Filters, ListPage, Tab
from prm.ui.toasts import say


class CustomFieldFilters(Filters):
    search_fields, search_hint = ("key", "label_en", "label_fr"), gettext_lazy("Name or key")
    kind = django_filters.ChoiceFilter(choices=FieldKind.choices, label=gettext_lazy("Records"))


class CustomFieldList(ListPage):
    title, icon, filterset_class = gettext_lazy("Custom fields"), "forms", CustomFieldFilters
    export_name = "custom-fields"
    lead = gettext_lazy("Fields of your own on partners, customers, opportunities and deal registrations.")
    empty_title = gettext_lazy("No custom field yet")
    empty_text = gettext_lazy("A field you add appears in forms, lists, filters, files and the API.")
    columns = [
        Column("label", gettext_lazy("Name"), link=True, phone="title"),
        Column("key", gettext_lazy("Key"), sort="key", phone="detail"),
        Column("kind", gettext_lazy("Records"), sort="kind", phone="value"),
        Column("type", gettext_lazy("Type"), phone="detail"),
        Column("required", gettext_lazy("Required"), kind="flag"),
        Column("visible_to_partners", gettext_lazy("Partners see it"), kind="flag"),
    ]

    def rows(self):
        return CustomField.objects.visible_to(self.request.user).filter(archived=bool(self.request.GET.get("archived")))

    def tabs(self):
        return [Tab(_("In use"), {}), Tab(_("Archived"), {"archived": "1"})]

    def actions(self):
        return [Action(_("Add a field"), reverse("fields:new"), "plus", primary=True)]


@may("manage_fields")
def new(request: HttpRequest) -> HttpResponse:
    """Add a field."""
    form = CustomFieldForm(posted(request), user=request.user, initial={"kind": request.GET.get("kind", "")})
    return handle(
        request,
        form,
        lambda: form.save_by(request.user),
        said=_("Field added."),
        to=reverse("fields:fields"),
        title=_("Add a field"),
        back_url=reverse("fields:fields"),
        back_label=_("Custom fields"),
    )


@scoped(CustomField.objects.editable_by)
def field(request: HttpRequest, custom_field: CustomField) -> HttpResponse:
    """Change a field: its names, choices and who sees it."""
    form = CustomFieldForm(posted(request), instance=custom_field, user=request.user)
    return handle(
        request,
        form,
        lambda: form.save_by(request.user),
        template="fields/field.html",
        to=reverse("fields:fields"),
        field=custom_field,
        title=str(custom_field),
        back_url=reverse("fields:fields"),
        back_label=_("Custom fields"),
    )


@require_POST
@scoped(CustomField.objects.editable_by)
def archiving(request: HttpRequest, custom_field: CustomField) -> HttpResponse:
    """Archive a field, or bring it back (``restore=1``)."""
    restore = bool(request.POST.get("restore"))
    try:
        (custom_field.restore if restore else custom_field.archive)(
            by=request.user, version=request.POST.get("version")
        )
    except RuleViolation as error:
        form = CustomFieldForm(instance=custom_field, user=request.user)
        context = {"form": form, "field": custom_field, "title": str(custom_field), "refused": error.message}
        return render(request, "fields/field.html", {**context, "back_url": reverse("fields:fields")}, status=422)
    said = _("Field restored.") if restore else _("Field archived; its values are kept.")
    return say(request, redirect("fields:fields"), said)
