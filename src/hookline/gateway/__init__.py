"""The public listener: a thin ASGI callable between the wire and intake."""
