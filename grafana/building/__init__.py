"""One module a dashboard, one function a panel; what they share in sources, style and frame."""
