"""The documents of a campaign's proposed baselines, under ``proposals/``."""

from lm_assets.gateways.bucket import object_keys
from lm_assets.gateways.object_store.protocol import ObjectStore

MARKDOWN = "text/markdown; charset=utf-8"
YAML = "application/yaml"


def write_proposal(
    store: ObjectStore, campaign: str, *, catalogue: str, behaviour: str, text: str
) -> list[str]:
    """Replace the baselines that a campaign proposes and return the keys that there are.

    An empty document is none: what an earlier run proposed in its place is deleted.
    """
    prefix = object_keys.proposals_prefix(campaign)
    documents = {
        f"{prefix}{object_keys.PROPOSED_CATALOGUE}": (catalogue, YAML),
        f"{prefix}{object_keys.PROPOSED_BEHAVIOUR}": (behaviour, YAML),
        f"{prefix}{object_keys.PROPOSAL_TEXT}": (text, MARKDOWN),
    }
    for key, (document, content_type) in documents.items():
        if document:
            store.write(key, document.encode(), content_type=content_type)
        elif store.exists(key):
            store.delete(key)
    return [key for key, (document, _) in documents.items() if document]
