"""One application's profile: plans, stages, settings and executors, made while its log streams."""
