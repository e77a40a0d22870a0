"""Pages and files that show the credit ledger: the report, its rows, one deal's journey, a partner's own share."""
