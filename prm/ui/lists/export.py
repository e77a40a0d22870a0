"""A list as a file: the rows that pass its filters, or those ticked, in the columns of the view."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.utils.module_loading import import_string

FORMATS = {"csv": "CSV", "xlsx": "Excel (XLSX)"}


class Exports:
    """What a ``ListPage`` does with files."""

    @property
    def may_export(self) -> bool:
        return bool(self.export_name) and self.request.user.may("export")

    @property
    def exports(self) -> list[dict[str, str]]:
        if not self.may_export:
            return []
        return [{"label": label, "url": self.url(export=name), "name": name} for name, label in FORMATS.items()]

    def export(self, file_format: str, rows: QuerySet | None = None) -> HttpResponse:
        """All rows that pass the filters, or these, as a file."""
        if file_format not in FORMATS or not self.may_export:
            raise Http404
        rows = self.sorted_rows if rows is None else rows
        chosen = self.screen_columns if self.chosen_columns else self.all_columns
        columns = [pair for column in chosen for pair in column.file_columns()]
        header = [label for label, _value in columns]

        def lines() -> Iterator[list[Any]]:
            waiting: list = []
            for row in rows.iterator(chunk_size=2000):
                waiting.append(row)
                if len(waiting) == 500:
                    yield from written(self.prepare(waiting))
                    waiting = []
            yield from written(self.prepare(waiting))

        def written(some: list) -> Iterator[list[Any]]:
            for row in some:
                yield [value(row) for _label, value in columns]

        export_response = import_string("prm.imports.export.export_response")
        return export_response(file_format, self.export_name, header, lines())
