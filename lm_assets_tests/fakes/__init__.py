"""Hand-written stand-ins for the gateways; the contract tests hold them to the real ones."""
