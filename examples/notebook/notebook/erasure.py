"""How a user is erased (GDPR, article 17): all 13 tables hang on them by cascades, so the foreign keys say it all.

`pgwright erase notebook.erasure:ERASURE USER_ID --dsn postgresql://… --dry-run` counts what would go. A column of
personal data that is added to a table that nothing leads to stops it, and `tests/examples/test_notebook_erasure.py`.
"""

from __future__ import annotations

from notebook.after.models import User
from pgwright_runtime.erasure import Erasure

ERASURE = Erasure(subject=User)
