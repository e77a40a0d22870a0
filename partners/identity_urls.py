"""Sign-in, passwords and two-step sign-in: the parts of allauth the product uses, and no others.

An address is changed by an administrator, never by its owner's session alone, so allauth's pages for e-mail addresses are left out.
"""

from allauth.account import views
from django.conf import settings
from django.urls import include, path, re_path
from django.utils.translation import pgettext_lazy

# In the demo the sign-in page names its people.
DEMO_PEOPLE = [
    {"email": "admin@vendor.example", "role": pgettext_lazy("role", "administrator"), "password": "demo"},
    {"email": "manager@vendor.example", "role": pgettext_lazy("role", "channel manager"), "password": "demo"},
    {"email": "admin@alpine.example", "role": "Alpine", "password": "demo"},
    {"email": "admin@boreal.example", "role": "Boreal", "password": "demo"},
]

urlpatterns = [
    path(
        "login/",
        views.LoginView.as_view(extra_context={"demo_people": DEMO_PEOPLE if settings.DEMO else []}),
        name="account_login",
    ),
    path("logout/", views.logout, name="account_logout"),
    path("inactive/", views.account_inactive, name="account_inactive"),
    path("signup/", views.signup, name="account_signup"),  # closed: it says that accounts are opened by invitation
    path("reauthenticate/", views.reauthenticate, name="account_reauthenticate"),
    path("password/change/", views.password_change, name="account_change_password"),
    path("password/set/", views.password_set, name="account_set_password"),
    path("password/reset/", views.password_reset, name="account_reset_password"),
    path("password/reset/done/", views.password_reset_done, name="account_reset_password_done"),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        views.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path("password/reset/key/done/", views.password_reset_from_key_done, name="account_reset_password_from_key_done"),
    path("2fa/", include("allauth.mfa.urls")),
]
