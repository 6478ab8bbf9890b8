"""Keeps the run from taking away its own key: what it may not revoke, replace or delete."""

import os

import schemathesis

OWN_KEY, OWN_USER = int(os.environ["INTEROP_KEY_ID"]), int(os.environ["INTEROP_USER_ID"])


@schemathesis.hook
def filter_case(context, case):
    ident = (case.path_parameters or {}).get("id")
    if case.path.startswith("/keys/{id}"):
        return str(ident) != str(OWN_KEY)
    if case.path == "/users/{id}":
        return str(ident) != str(OWN_USER)
    return True
