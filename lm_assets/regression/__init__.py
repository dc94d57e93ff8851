"""The judgement: policy, verdicts, trade-offs, common shift and roll-up; no input or output."""
