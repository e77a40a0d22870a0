"""Giving a file, and saying where its columns go."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from prm.imports.kinds import ImportKind, kinds
from prm.imports.mapping import EXISTING, BadMapping, Mapping, suggest
from prm.imports.models import Import, SavedMapping
from prm.imports.reading import Table
from prm.imports.values import DATE_ORDERS, ORDERS
from prm.ui.forms import Form

CONSTANTS = 3  # places for values that hold for all rows
EXISTING_WORDS = {
    "update": gettext_lazy("Change it to what the file says"),
    "fill": gettext_lazy("Fill empty fields, keep the rest"),
    "skip": gettext_lazy("Leave it as it is"),
}


def kinds_for(user: Any) -> list[ImportKind]:
    """What this person may import."""
    return [
        kind
        for kind in sorted(kinds.values(), key=lambda kind: kind.order)
        if user.may("import_data") and user.may(kind.capability)
    ]


class UploadForm(Form):
    """A file, what it holds, and the system it comes from."""

    kind = forms.ChoiceField(label=gettext_lazy("What does the file hold?"))
    file = forms.FileField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy("CSV or Excel (XLSX), at most 25 MB. The first line names the columns."),
    )
    source = forms.SlugField(
        label=gettext_lazy("From which system?"),
        required=False,
        max_length=60,
        help_text=gettext_lazy("For example hubspot or salesforce. External ids are told apart by it."),
    )
    mapping = forms.FileField(
        label=gettext_lazy("Mapping"), required=False, help_text=gettext_lazy("A kept mapping (JSON), if you have one.")
    )

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = [(kind.name, kind.label) for kind in kinds_for(self.user)]
        self.fields["file"].widget.attrs["accept"] = ".csv,.txt,.tsv,.xlsx"
        self.fields["mapping"].widget.attrs["accept"] = ".json"

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > settings.UPLOAD_LIMIT:
            raise ValidationError(
                _("The file is larger than %(limit)s MB. Split it and import the parts.")
                % {"limit": settings.UPLOAD_LIMIT // 1024 // 1024},
                code="too_big",
            )
        return file

    def clean_mapping(self) -> dict[str, Any] | None:
        file = self.cleaned_data.get("mapping")
        if not file:
            return None
        try:
            found = json.loads(file.read(256 * 1024))
        except ValueError:
            raise ValidationError(_("The mapping is not JSON."), code="invalid") from None
        if not isinstance(found, dict):
            raise ValidationError(_("The mapping is not JSON."), code="invalid")
        return found


class MappingForm:
    """The screen on which columns are chosen: reads the posted choices, or shows those of the import."""

    def __init__(self, record: Import, user: Any, mapping: dict[str, Any] | None = None):
        self.record, self.user = record, user
        self.kind = record.import_kind
        self.columns = self.kind.all_columns(user)
        self.table = Table(path="", **record.table)
        self.mapping = record.mapping if mapping is None else mapping
        self.suggested = suggest(self.kind, self.table, user)["columns"]

    @classmethod
    def posted(cls, record: Import, user: Any, data: Any) -> MappingForm:
        """The choices sent; what the screen does not show (words replaced, factors) is kept from the mapping."""
        names = {column.name for column in record.import_kind.all_columns(user)}
        columns: dict[str, str] = {}
        for index, header in enumerate(record.table["header"]):
            chosen = data.get(f"column_{index}", "")
            if chosen in names and header:
                if chosen in columns:
                    raise BadMapping(
                        _("Two columns go to the same place: %(names)s.") % {"names": f"{columns[chosen]}, {header}"}
                    )
                columns[chosen] = header
        # A field fed by a column that already feeds another one was said by a kept mapping.
        for name, header in record.mapping.get("columns", {}).items():
            if name not in columns and header in columns.values():
                columns[name] = header
        constants = {
            data.get(f"constant_{index}"): data.get(f"constant_value_{index}", "").strip()
            for index in range(CONSTANTS)
            if data.get(f"constant_{index}") in names and data.get(f"constant_value_{index}", "").strip()
        }
        mapping = {
            **{name: record.mapping[name] for name in ("values", "multiply") if name in record.mapping},
            "columns": columns,
            "constants": constants,
            "date_format": data.get("date_format", "DMY"),
            "decimal": data.get("decimal", "."),
            "existing": data.get("existing", "update"),
        }
        if data.get("key"):
            mapping["key"] = data["key"].split(",")
        Mapping(mapping, record.import_kind, record.table["header"], user)
        return cls(record, user, mapping)

    def lines(self) -> list[dict[str, Any]]:
        """Each column of the file with its first value and where it goes."""
        goes: dict[str, str] = {}
        for name, header in self.mapping.get("columns", {}).items():
            goes.setdefault(header, name)
        first = self.table.first_values()
        lines = []
        for index, header in enumerate(self.table.header):
            chosen = goes.get(header, "")
            state = "left_out" if not chosen else "recognised" if self.suggested.get(chosen) == header else "check"
            if header:
                lines.append(
                    {"index": index, "header": header, "first": first[header][:80], "chosen": chosen, "state": state}
                )
        return lines

    @property
    def options(self) -> list[tuple[str, str]]:
        return [
            (column.name, str(column.label).capitalize() if str(column.label).islower() else str(column.label))
            for column in self.columns
        ]

    @property
    def constants(self) -> list[dict[str, str]]:
        given = [{"name": name, "value": value} for name, value in self.mapping.get("constants", {}).items()][
            :CONSTANTS
        ]
        return [*given, *({"name": "", "value": ""} for _n in range(CONSTANTS - len(given)))]

    @property
    def keys(self) -> list[dict[str, Any]]:
        """By what an existing record may be found, with the columns chosen now."""
        labels, mapped = dict(self.options), {*self.mapping.get("columns", {}), *self.mapping.get("constants", {})}
        chosen = tuple(self.mapping.get("key") or ())
        return [
            {"value": ",".join(key), "label": " + ".join(labels[name] for name in key), "chosen": key == chosen}
            for key in self.kind.keys
            if set(key) <= mapped
        ]

    @property
    def orders(self) -> list[tuple[str, str]]:
        return [(order, ORDERS[order]()) for order in DATE_ORDERS]

    @property
    def existing(self) -> list[tuple[str, Any]]:
        return [(name, EXISTING_WORDS[name]) for name in EXISTING]

    @property
    def kept(self) -> Any:
        """Mappings kept for these records."""
        return SavedMapping.objects.filter(kind=self.record.kind)
