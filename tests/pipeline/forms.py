"""What the edit page of an opportunity sends."""


def empty_rows(prefix):
    return {
        f"{prefix}-TOTAL_FORMS": 0, f"{prefix}-INITIAL_FORMS": 0,
        f"{prefix}-MIN_NUM_FORMS": 0, f"{prefix}-MAX_NUM_FORMS": 50,
    }  # fmt: skip


def facts(deal, **changes):
    return {
        "name": deal.name,
        "route": deal.route,
        "amount": str(deal.amount),
        "currency": deal.currency,
        "customer": str(deal.customer_id or ""),
        **empty_rows("lines"),
        **empty_rows("participants"),
        **changes,
    }
