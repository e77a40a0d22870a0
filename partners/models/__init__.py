from partners.models.partner import Partner, PartnerGroup, PartnerStatus, SupplyRelation, Team
from partners.models.people import Membership, User

__all__ = ["Membership", "Partner", "PartnerGroup", "PartnerStatus", "SupplyRelation", "Team", "User"]
