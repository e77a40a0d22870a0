from partners.models.invitation import Invitation
from partners.models.partner import Partner, PartnerGroup, PartnerStatus, SupplyRelation, Team
from partners.models.people import Membership, User

__all__ = ["Invitation", "Membership", "Partner", "PartnerGroup", "PartnerStatus", "SupplyRelation", "Team", "User"]
