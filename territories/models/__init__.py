from territories.models.customer import Customer, CustomerAddress, CustomerDomain, CustomerIdentifier, CustomerName

__all__ = ["Customer", "CustomerAddress", "CustomerDomain", "CustomerIdentifier", "CustomerName"]
