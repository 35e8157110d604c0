"""Columns that look as if they held personal data, by their names and by what the statistics show.

Source: GDPR, art. 4 (1) and recital 30 (name, identification number, location, online identifiers); NIST SP 800-122,
section 2.2, for the kinds of columns.
"""

from __future__ import annotations

import re

from sqlalchemy import Column, Table

from pgwright_runtime.erasure.catalog import type_of

# Says that a value is of a person, wherever it stands.
_TELLING = re.compile(
    r"""(?:^|_)(?:
    e?_?mails? | (?:tele)?phones?(?:_?(?:number|no|nr))? | mobile | msisdn | fax | whatsapp
    | (?:first|last|middle|given|family|full|real|user|nick|maiden|legal|contact|recipient|author|customer
        |billing|shipping|holder|sender)_?names? | surname | forename
    | (?:birth_?(?:date|day|place|name)|date_of_birth|dob|birthday)
    | ip(?:_?(?:v4|v6|addr|address))? | remote_?addr(?:ess)? | client_?(?:ip|addr|host) | user_?agent | fingerprint
    | street(?:_?\w+)? | post_?code | zip(?:_?code)? | postal_?code | home_?address | billing_?address
        | shipping_?address | latitude | longitude
    | ssn | social_?security | passport(?:_?\w+)? | tax_?(?:id|number|no) | national_?id | vat_?(?:id|number)
    | iban | card_?(?:number|no|holder) | account_?holder
    | gender | religion | ethnicity | nationality
    )$""",
    re.VERBOSE,
)
# May be of a thing as well: it counts only in rows that are known to be the person's.
_AMBIGUOUS = re.compile(
    r"""(?:^|_)(?:
    names? | addresse?s? | city | location | geo | bio | about | avatar | picture | photo | signature | websites?
    | login | password(?:_?hash)? | passwd | hashed_?password | tokens? | secrets? | session | cookies?
    | device(?:_?\w+)?
    | api_?keys? | otp | totp | code_?hash | token_?hash
    | body | content | message | comment | text | notes? | description | answer | prompt | subject | title | referr?er
    )$""",
    re.VERBOSE,
)
# What it holds says that it is about no person's value: when, how many, whether.
_TEXTUAL = frozenset("SIU")  # strings, network addresses, and what users define: json, xml, citext, bytea
_BORN = re.compile(r"birth|dob")
_BOUNDARY = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def looks_personal(table: Table, column: Column[object], values: str | None, *, is_theirs: bool) -> str | None:
    """Return why a column is suspected; None: it is not.

    Args:
        values: what its sampled values look like; None: like nothing that we know.
        is_theirs: its row is known to be the person's own.
    """
    if values is not None:
        return f"its values look like {values}"
    name = _BOUNDARY.sub("_", column.name).lower()
    kind = type_of(column)
    category = kind.category
    if category == "A":  # an array of what?
        category = "S" if (kind.element or "").startswith(("text", "character", "citext", "json", "inet")) else "N"
    if kind.base in ("inet", "cidr"):
        return "it holds network addresses"
    is_birth = _BORN.search(name) is not None and category == "D"
    if category not in _TEXTUAL and not is_birth and not name.endswith(("phone", "latitude", "longitude")):
        return None
    if kind.base in ("bool", "uuid"):
        return None
    if _TELLING.search(name) or (is_theirs and _AMBIGUOUS.search(name)):
        return "its name says so"
    return None
