"""The admin listener: health and metrics now, the page and its API later."""
