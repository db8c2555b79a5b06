"""What workers are served over HTTP, on the admin listener below `/worker/v1`."""
