"""Why a promise has its deadline."""
