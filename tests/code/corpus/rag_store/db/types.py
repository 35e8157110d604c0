"""Types that several tables share."""

from sqlalchemy import String
from sqlalchemy.dialects.postgresql import ARRAY, REAL

IdType = String(36)
Embedding = ARRAY(REAL)
