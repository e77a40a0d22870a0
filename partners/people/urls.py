from django.urls import path

from partners.people import views
from prm.access import may

app_name = "people"

urlpatterns = [
    path("invitation/<str:token>/", views.invitation, name="invitation"),
    path("people/", views.colleagues, name="colleagues"),
    path("people/invite/", views.invite, name="invite"),
    path("people/<uuid:pk>/", views.membership, name="membership"),
    path("people/<uuid:pk>/deactivation/", views.membership_deactivation, name="membership_deactivation"),
    path("people/<uuid:pk>/reactivation/", views.membership_reactivation, name="membership_reactivation"),
    path("people/of-partner/<uuid:pk>/", views.of_partner, name="of_partner"),
    path("people/of-partner/<uuid:pk>/invite/", views.invite_for, name="invite_for"),
    path("people/invitations/<uuid:pk>/sending/", views.invitation_sending, name="invitation_sending"),
    path("people/invitations/<uuid:pk>/withdrawal/", views.invitation_withdrawal, name="invitation_withdrawal"),
    path("settings/people/", may("manage_people")(views.VendorPeople.as_view()), name="vendor_people"),
    path("settings/people/invite/", views.invite_vendor, name="invite_vendor"),
    path("settings/people/<uuid:pk>/", views.vendor_person, name="vendor_person"),
    path(
        "settings/people/<uuid:pk>/deactivation/", views.vendor_person_deactivation, name="vendor_person_deactivation"
    ),
    path(
        "settings/people/<uuid:pk>/reactivation/", views.vendor_person_reactivation, name="vendor_person_reactivation"
    ),
]
