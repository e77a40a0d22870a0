from attribution.kpis.models.ledger import Dirty, Fact, Rollup
from attribution.kpis.models.watched import CountedOpportunity

__all__ = ["CountedOpportunity", "Dirty", "Fact", "Rollup"]
