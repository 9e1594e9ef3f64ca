"""Who acts when a customer uses a page of the portal."""

from dataclasses import dataclass


@dataclass(frozen=True)
class CustomerActor:
    """The customer in whose name a portal route acts. Travels in the context; a
    context that came over RPC holds plain JSON and can never contain one."""

    partner_id: int | None
