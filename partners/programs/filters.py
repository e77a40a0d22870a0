from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from partners.programs.models import Program
from prm.ui.lists import Filters


class ProgramFilters(Filters):
    search_fields = ("name",)
    search_hint = _("Program")

    class Meta:
        model = Program
        fields: list[str] = []
