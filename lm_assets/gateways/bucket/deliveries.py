"""What is kept of a campaign's delivery beside its records: its digest, and what was of no use."""

from lm_assets.gateways.bucket import object_keys
from lm_assets.gateways.bucket.record_json import from_jsonl, to_jsonl
from lm_assets.gateways.object_store.protocol import ObjectNotFoundError, ObjectStore
from lm_assets.model.delivery import Delivery
from lm_assets.model.errors import DataFaultError


def write_delivery(store: ObjectStore, delivery: Delivery) -> None:
    """Replace what is said of a campaign's delivery."""
    key = object_keys.delivery_key(delivery.campaign)
    store.write(key, to_jsonl([delivery]), content_type="application/json")


def read_delivery(store: ObjectStore, campaign: str) -> Delivery:
    """Return what had landed when a campaign's records were made.

    Nothing is known of a campaign that an earlier version collected: its digest is empty.

    Raises
    ------
    DataFaultError
        When the stored object is not one delivery.
    """
    key = object_keys.delivery_key(campaign)
    try:
        (delivery,) = from_jsonl(store.read(key), Delivery, source=key)
    except ObjectNotFoundError:
        return Delivery(campaign=campaign)
    except ValueError as error:
        raise DataFaultError(f"{key} must hold one line") from error
    return delivery
