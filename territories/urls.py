from django.urls import path

from territories.views import customer, map, merge, portal, territory

app_name = "territories"
urlpatterns = [
    path("customers/", customer.customer_list, name="customers"),
    path("customers/new/", customer.customer_create, name="customer_create"),
    path("customers/<uuid:pk>/", customer.customer, name="customer"),
    path("customers/<uuid:pk>/edit/", customer.customer_edit, name="customer_edit"),
    path("customers/<uuid:pk>/merge/", merge.merge, name="merge"),
    path("customer-merges/<uuid:pk>/undo/", merge.unmerge, name="unmerge"),
    path("territories/", territory.territory_list, name="territories"),
    path("territories/map/", map.country_map, name="map"),
    path("territories/new/", territory.territory_create, name="new"),
    path("territories/<uuid:pk>/", territory.territory, name="territory"),
    path("territories/<uuid:pk>/edit/", territory.territory_edit, name="edit"),
    path("territories/<uuid:pk>/rules/new/", territory.rule_create, name="rule_create"),
    path("territories/<uuid:pk>/assignment/", territory.assign, name="assign"),
    path("territory-rules/<uuid:pk>/edit/", territory.rule_edit, name="rule_edit"),
    path("territory-assignments/<uuid:pk>/end/", territory.assignment_end, name="assignment_end"),
    path("portal/territories/", portal.own_territories, name="own"),
]
