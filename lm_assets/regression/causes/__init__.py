"""Why a combination changed: profiles matched, the change taken apart, its causes ranked."""
