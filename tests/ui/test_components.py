from types import SimpleNamespace

import pytest
from django import forms
from django.contrib.messages import get_messages
from django.contrib.messages.storage.fallback import FallbackStorage
from django.http import HttpResponse, HttpResponseRedirect
from django.template import engines
from django.template.loader import render_to_string
from django.utils import translation
from django_cotton.compiler_regex import CottonCompiler

from prm.ui import errors
from prm.ui.toasts import say


def draw(source: str, **context) -> str:
    """A piece of page as the loader would compile it."""
    with translation.override("en"):
        return engines["django"].from_string(CottonCompiler().process(source)).render(context)


def test_status_shows_icon_word_and_tone():
    html = draw('<c-status :value="value" label="Approved" />', value="approved")
    assert "#check" in html
    assert "tone-good" in html
    assert "Approved" in html


def test_text_in_attributes_is_escaped():
    html = draw('<c-person name="{{ name }}" />', name="<b>Léa</b>")
    assert "<b>" not in html


def test_page_header_has_the_only_h1():
    html = draw(
        '<c-page-header title="Partners" :count="count"><c-slot name="actions"><a class="btn">Go</a></c-slot></c-page-header>',
        count=1240,
    )
    assert html.count("<h1>") == 1
    assert "1,240" in html
    assert "page-head-actions" in html


def test_hidden_parts_stay_out():
    assert "page-head-actions" not in draw('<c-page-header title="Partners" />')
    assert "<nav" not in draw("<c-pagination />")


class Deal(forms.Form):
    customer = forms.CharField(help_text="As your customer writes it.")
    kind = forms.ChoiceField(choices=[("new", "New")], widget=forms.RadioSelect)
    known = forms.BooleanField(label="The customer knows")


def test_form_errors_come_first_and_at_the_field():
    form = Deal({})
    html = draw(
        '<c-form-errors :form="form" />{% for field in form %}<c-form-field :field="field" />{% endfor %}', form=form
    )
    assert html.index("data-focus") < html.index('name="customer"')
    assert 'href="#id_customer"' in html
    assert 'aria-describedby="id_customer_error id_customer_helptext"' in html
    assert 'id="id_customer_error"' in html
    assert "<legend" in html


def test_messages_are_escaped_and_carry_their_way_back():
    html = draw('<c-toast-undo text="{{ text }}" undo_url="/undo/" />', text="<i>Approved</i>")
    assert "&lt;i&gt;" in html
    assert 'action="/undo/"' in html


def asking(rf, *, htmx: bool):
    request = rf.post("/")
    request.htmx = htmx
    request.session = {}
    request._messages = FallbackStorage(request)
    return request


def test_say_tells_htmx_at_once(rf):
    request = asking(rf, htmx=True)
    response = say(request, HttpResponse(), "Approved.", undo_url="/undo/")
    assert '"undo_url": "/undo/"' in response["HX-Trigger"]
    assert list(get_messages(request)) == []


def test_say_keeps_the_message_for_the_page_after_a_redirect(rf):
    request = asking(rf, htmx=True)
    say(request, HttpResponseRedirect("/"), "Approved.", undo_url="/undo/")
    (message,) = get_messages(request)
    assert (message.message, message.extra_tags) == ("Approved.", "/undo/")


@pytest.mark.parametrize(
    ("handler", "status"),
    [
        ("bad_request", 400),
        ("permission_denied", 403),
        ("not_found", 404),
        ("server_error", 500),
        ("unavailable", 503),
        ("csrf_failure", 403),
    ],
)
def test_error_pages_need_nothing(rf, handler, status):
    response = getattr(errors, handler)(rf.get("/"))
    assert response.status_code == status
    assert b"<h1>" in response.content


def test_shell_follows_the_side():
    manager = render_to_string(
        "base.html",
        {
            "shell": "manager",
            "navigation": [{"label": "Partners", "url": "/p/", "icon": "bell", "active": True, "count": 3}],
        },
    )
    assert 'class="sidebar"' in manager
    assert 'aria-current="page"' in manager
    portal = render_to_string(
        "base.html",
        {"shell": "portal", "navigation": [{"label": f"Item {n}", "url": "/", "icon": "bell"} for n in range(6)]},
    )
    assert 'class="bottom-bar"' in portal
    assert portal.index("More") > portal.index("Item 3")


@pytest.mark.parametrize(
    ("theme", "attribute"), [("dark", ' data-bs-theme="dark"'), ("light", ' data-bs-theme="light"'), ("system", "")]
)
def test_theme_is_the_readers(theme, attribute):
    html = render_to_string("base.html", {"theme": theme, "user": SimpleNamespace(is_authenticated=False)})
    assert html.split("<head>")[0].count("data-bs-theme") == bool(attribute)
    assert attribute in html
