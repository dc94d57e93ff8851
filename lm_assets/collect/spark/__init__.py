"""One Spark application's figures, from its event log or a History Server."""
