from django.urls import path

from partners.people import profile

urlpatterns = [
    path("", profile.entrance, name="entrance"),
    path("profile/", profile.profile, name="profile"),
    path("profile/notices/", profile.my_notices, name="notices"),
    path("profile/tokens/", profile.tokens, name="tokens"),
    path("profile/tokens/<uuid:token_id>/revocation/", profile.token_revocation, name="token_revocation"),
    path("preferences/", profile.preferences, name="preferences"),
    path("acting-for/", profile.acting_for, name="acting_for"),
]
