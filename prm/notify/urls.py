from django.urls import include, path

from prm.access import may
from prm.notify import views

settings_pages = [
    path("", may("see_mail")(views.SentMailList.as_view()), name="sent_mail"),
    path("<uuid:pk>/", views.sent_mail, name="sent_mail_text"),
]

urlpatterns = [
    path("inbox/", views.inbox, name="inbox"),
    path("inbox/reading/", views.reading, name="inbox_reading"),
    path("inbox/<uuid:pk>/opening/", views.opening, name="notification"),
    path("settings/mail/", include((settings_pages, "notify"))),
]
