"""The index over campaigns: a card of each, and the pages that show them."""
