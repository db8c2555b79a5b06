"""Words of the domain: frozen values, errors and ports; imports nothing of ours."""
