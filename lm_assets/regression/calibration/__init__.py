"""How often the judgement errs: simulated and replayed campaigns, measured."""
