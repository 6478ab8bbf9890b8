"""Leaves out requests that say nothing of the API, or that would end the run, and sends NDJSON."""

import os

import schemathesis
from schemathesis.specs.openapi.checks import negative_data_rejection

# Lines of JSON are sent as the text that the description has of them.
schemathesis.serializer.alias("application/x-ndjson", "text/plain")

OWN_KEY, OWN_USER = int(os.environ["INTEROP_KEY_ID"]), int(os.environ["INTEROP_USER_ID"])


@schemathesis.hook
def filter_case(context, case):
    # HTTP wants headers that are not known to be ignored (RFC 9110, section 5.1).
    if any(name.lower().startswith(("x-schemathesis", "schemathesis")) for name in case.headers or {}):
        return False
    # Its own key, and whose that is, must live on.
    ident = (case.path_parameters or {}).get("id")
    if case.path.startswith("/keys/{id}"):
        return str(ident) != str(OWN_KEY)
    if case.path == "/users/{id}":
        return str(ident) != str(OWN_USER)
    # The file of an import is text, and whatever is sent is text: no other type can be sent in its place.
    if case.operation.label == "POST /imports":
        return not isinstance(case.body, (bool, int, float, list, dict, type(None)))
    return True


@schemathesis.hook
def before_add_examples(context, examples):
    # Those of the description are not filtered otherwise.
    examples[:] = [case for case in examples if filter_case(context, case)]


@schemathesis.check
def rejected_or_a_row_failed(ctx, response, case):
    """What the description forbids is refused, or it is in a row, which then is the one that failed."""
    if case.operation.label != "POST /products/bulk" or response.status_code == 200 and response.json()["failed"] > 0:
        return None
    return negative_data_rejection(ctx, response, case)
