"""Commands that say why something got slower: of a campaign, or of bare event logs."""
