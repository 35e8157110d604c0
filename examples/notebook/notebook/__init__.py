"""The reference app `notebook`: a research notebook with chat over your sources, before and after the fix."""
