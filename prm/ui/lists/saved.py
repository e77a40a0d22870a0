"""Views of a list that people keep: a name for an address. What the list no longer understands is dropped when it is read."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from prm.errors import RuleViolation
from prm.ui.forms import Form
from prm.ui.models import SavedView
from prm.ui.toasts import say

EVERYTHING = "all"  # in the address of a list that would open with its default view


class ViewForm(Form):
    """A view's name, and who sees it."""

    prefix = "view"
    name = forms.CharField(label=gettext_lazy("Name"), max_length=60)
    shared = forms.BooleanField(label=gettext_lazy("My colleagues see it too"), required=False)
    default = forms.BooleanField(label=gettext_lazy("Open the list with it"), required=False)


class SavedViews:
    """What a ``ListPage`` does with views; a list whose address names a record has none."""

    @cached_property
    def list_name(self) -> str:
        match = self.request.resolver_match
        return match.view_name if match and not match.kwargs else ""

    @cached_property
    def saved(self) -> list[SavedView]:
        if not self.list_name:
            return []
        views = list(SavedView.objects.of_list(self.list_name, self.request.user))
        for view in views:
            view.known = self.understood(QueryDict(view.query))
        return views

    @cached_property
    def default_view(self) -> SavedView | None:
        return next((view for view in self.saved if view.is_default), None)

    @cached_property
    def active_view(self) -> SavedView | None:
        """The view whose filters, sort and columns are those of the address."""
        here = self.address_here
        return next((view for view in self.saved if view.known and view.known == here), None) if here else None

    @cached_property
    def address_here(self) -> str:
        """The filters, sort and columns in force, as a view would keep them."""
        return self.understood(self.request.GET)

    def understood(self, given: QueryDict) -> str:
        """The parameters this list knows, in a fixed order; empty ones and all others are dropped. No statement is run."""
        tabs = {name for tab in self.tabs() for name in tab.query}
        fields = self.filterset.form.fields
        kept = QueryDict(mutable=True)
        for name in sorted(given):
            values = [value for value in given.getlist(name) if value]
            if name == "sort":
                values = [value for value in values[:1] if value.removeprefix("-") in self.sortable]
            elif name == "columns":
                values = sorted(value for value in values if value in self.column_names)
            elif name not in fields and name.rsplit("_", 1)[0] not in fields and name not in tabs:  # x_min, x_max
                values = []
            if values:
                kept.setlist(name, values)
        return kept.urlencode()

    @cached_property
    def view_tabs(self) -> list[dict[str, Any]]:
        """The list's own tabs, then the saved views, each with its address."""
        own = [{"label": tab.label, **self.tab_state(tab)} for tab in self.tabs()]
        if self.saved and not own:
            own = [{"label": _("All"), "url": self.request.path, "active": not self.address_here}]
        if self.active_view:
            for tab in own:
                tab["active"] = False
        if self.default_view:
            for tab in own:
                tab["url"] = tab["url"] if "?" in tab["url"] else f"{tab['url']}?{EVERYTHING}=1"
        kept = [
            {"label": view.name, "url": f"{self.request.path}?{view.known}", "active": view == self.active_view}
            for view in self.saved
            if view.known
        ]
        return own + kept

    @property
    def may_keep_view(self) -> bool:
        """There is something in the address that no view keeps yet."""
        return bool(self.list_name and self.address_here and not self.active_view)

    @cached_property
    def new_view_form(self) -> ViewForm:
        return ViewForm()

    @cached_property
    def view_form(self) -> ViewForm | None:
        """The form of the view one looks at, when it is one's own."""
        view = self.active_view
        if view is None or view.owner_id != self.request.user.pk:
            return None
        return ViewForm(initial={"name": view.name, "shared": view.shared, "default": view.is_default})

    def keep_view(self) -> HttpResponse:
        """Save the filters, sort and columns of the address under a name."""
        form, back = ViewForm(self.request.POST), redirect(self.url())
        if not self.list_name or not form.is_valid():
            return say(self.request, back, _("Give the view a name."), tone="bad")
        if not self.address_here or len(self.address_here) > 2000:
            return say(self.request, back, _("Filter, sort or choose columns first; a view keeps those."), tone="warn")
        if self.filter_errors:
            return say(self.request, back, _("Correct the filter that cannot be used first."), tone="warn")
        given = form.cleaned_data
        try:
            view = SavedView.keep(
                by=self.request.user,
                list=self.list_name,
                name=given["name"],
                query=self.address_here,
                shared=given["shared"],
            )
        except RuleViolation as error:
            return say(self.request, back, error.message, tone="bad")
        if given["default"]:
            view.open_with(by=self.request.user)
        return say(self.request, redirect(f"{self.request.path}?{view.query}"), _("View “%(name)s” saved.") % given)
