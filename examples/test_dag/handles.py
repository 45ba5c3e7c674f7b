"""Handles of other deployments, the same on every Ray from 2.8 on."""


def handle(bound):
    """Ray 2.8 passes the older kind of handle into bind() unless it is asked for the new one."""
    try:
        return bound.options(use_new_handle_api=True)
    except TypeError:
        return bound
