"""Where the index over campaigns lies: beside the reports, in a folder that is no campaign's."""

from lm_assets.gateways.bucket.object_keys import REPORTS, validated_id

FRONT_PAGE = f"{REPORTS}index.html"
PAGES = f"{REPORTS}_index/pages/"
CARDS = f"{REPORTS}_index/cards/"
DIGESTS = f"{REPORTS}_index/digests.json"


def card_key(time: str, campaign: str) -> str:
    """Return the key of a campaign's card; keys sort by time."""
    return f"{CARDS}{time}_{validated_id('campaign', campaign)}.json"


def page_key(name: str) -> str:
    """Return the key of a month's page."""
    return f"{PAGES}{name}.html"
