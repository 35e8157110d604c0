"""A survey app; each model has a module, and relationships cross them."""

from .answer import Answer
from .base import Base
from .question import Question
from .survey import Survey

__all__ = ["Answer", "Base", "Question", "Survey"]
