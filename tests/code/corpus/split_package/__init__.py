from split_package.models import *  # noqa: F403
from split_package.models import metadata as metadata
