from territories.models.assignment import AssignmentKind, TerritoryAssignment
from territories.models.customer import Customer, CustomerAddress, CustomerDomain, CustomerIdentifier, CustomerName
from territories.models.merging import CustomerMerge
from territories.models.territory import Territory, TerritoryRule

__all__ = [
    "AssignmentKind",
    "Customer",
    "CustomerAddress",
    "CustomerDomain",
    "CustomerIdentifier",
    "CustomerMerge",
    "CustomerName",
    "Territory",
    "TerritoryAssignment",
    "TerritoryRule",
]
