"""The demo's data: an invented vendor, its partners and three years of their deals."""
