from partners.engagement.models.activity import Activity, ActivityKind
from partners.engagement.models.feed import CalendarFeed

__all__ = ["Activity", "ActivityKind", "CalendarFeed"]
