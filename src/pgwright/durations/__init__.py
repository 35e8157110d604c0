"""How long the statements of a migration work, by measured rates and the sizes of a snapshot, and who waits meanwhile.

Import from its files: what measures the rates (`calibration`) starts a server, and what checks read may not.
"""
